"""A reader of footers and page indexes, from the format's own document alone: what no library shows."""

import struct


class Thrift:
    """The compact protocol. A structure becomes a dict from field id to value."""

    def __init__(self, data, offset=0):
        self.data, self.offset = data, offset

    def byte(self):
        self.offset += 1
        return self.data[self.offset - 1]

    def varint(self):
        shift = result = 0
        while True:
            byte = self.byte()
            result |= (byte & 127) << shift
            if byte < 128:
                return result
            shift += 7

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def value(self, type):
        if type in (1, 2):
            return type == 1
        if type in (3, 4, 5, 6):
            return self.zigzag()
        if type == 8:
            count = self.varint()
            self.offset += count
            assert self.offset <= len(self.data)
            return bytes(self.data[self.offset - count:self.offset])
        if type == 9:
            header = self.byte()
            count = header >> 4 if header >> 4 < 15 else self.varint()
            if header & 15 in (1, 2):
                return [self.byte() == 1 for _ in range(count)]
            return [self.value(header & 15) for _ in range(count)]
        assert type == 12, type
        fields, last = {}, 0
        while True:
            header = self.byte()
            if header == 0:
                return fields
            last = last + (header >> 4) if header >> 4 else self.zigzag()
            assert last not in fields
            fields[last] = self.value(header & 15)


class File:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        assert self.data[:4] == self.data[-4:] == b"PAR1"
        length = struct.unpack("<I", self.data[-8:-4])[0]
        thrift = Thrift(self.data, len(self.data) - 8 - length)
        self.footer = thrift.value(12)
        assert thrift.offset == len(self.data) - 8, "the footer has the length that it says"

    @property
    def groups(self):
        return self.footer[4]

    def structure(self, offset, length):
        thrift = Thrift(self.data, offset)
        value = thrift.value(12)
        assert thrift.offset == offset + length, "a structure has the length that is said of it"
        return value

    def column_index(self, chunk):
        return self.structure(chunk[6], chunk[7]) if 6 in chunk else None

    def offset_index(self, chunk):
        return self.structure(chunk[4], chunk[5])

    def page_header(self, offset):
        thrift = Thrift(self.data, offset)
        return thrift.value(12), thrift.offset - offset
