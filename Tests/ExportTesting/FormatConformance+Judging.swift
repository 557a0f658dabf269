extension FormatConformance {
  /// What readers and judges share.
  static let reading = #"""
    import datetime, gzip, hashlib, json, os, re, sys

    class Number(str):
        def __eq__(self, other): return isinstance(other, Number) and str(self) == str(other)
        __hash__ = str.__hash__

    def refuse(word): raise ValueError(word)

    def once(pairs):
        names = [name for name, _ in pairs]
        assert len(set(names)) == len(names), "a name twice: %r" % names
        return dict(pairs)

    def parse(text, hook=None):
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse, object_pairs_hook=hook)

    def compact(text):
        assert not re.search(r"\s", re.sub(r'"[^"\\]*(?:\\.[^"\\]*)*"', "", text)), "white space: %r" % text

    def last(pairs):
        """The last of equal names, in its own place."""
        members = {}
        for name, value in pairs:
            members.pop(name, None)
            members[name] = value
        return members

    class Text:
        """The JSON text of a value: any compact one."""
        def __init__(self, value): self.value = value
        def __repr__(self): return "Text(%r)" % (self.value,)
        def __eq__(self, other):
            if type(other) is not str: return False
            compact(other)
            return parse(other, once) == self.value

    def as_text(members):
        def text(value):
            if value is None or type(value) is str: return value
            if type(value) is Number: return str(value)
            if type(value) is bool: return "true" if value else "false"
            return Text(value)
        return {name: text(value) for name, value in members.items()}

    def form(record, note):
        """What a record of events is to be read as."""
        if not note["asString"]: return record
        return {k: as_text(v) if k in ("eventProps", "session_props") else v for k, v in record.items()}

    def named(name):
        """An event's name as the reader of files gives it."""
        return name

    def whole(paths, records):
        """Holds the files of one event, or of all profiles, against all records that they have, in the order of rows."""

    def field(row, name, kind):
        text = row.get(name)
        if text is None: return None
        value = parse(text, last)
        if value is None: return None
        if not isinstance(value, kind): raise ValueError(name)
        return value

    def noted(directory):
        return [json.load(open(directory + "/" + name)) for name in ("note.json", "samples.json")]

    def is_data(file, rejected):
        """Holds a file against what is said of it; the rejected one also against the rows it should name."""
        data = open(file["path"], "rb").read()
        assert len(data) == file["bytes"], "bytes of " + file["name"]
        assert hashlib.sha256(data).hexdigest() == file["sha256"], "sha256 of " + file["name"]
        if "-rejected-" not in file["name"]: return True
        lines = data.decode().split("\n")[:-1]
        assert [json.loads(line)["key"]["sequence"] for line in lines] == rejected, "rejected"
        assert len(lines) == file["rows"]
        return False

    def all_there(directory, files, rejected):
        assert rejected == [] or any("-rejected-" in file["name"] for file in files), "no rejected file"
        left = set(os.listdir(directory)) - {"note.json", "samples.json"} - {os.path.basename(f["path"]) for f in files}
        assert not left, "left over: %r" % left
    """#

  /// Judges every round, and prints what is not so.
  static let judging = #"""
    rounds = 0
    for entry in sorted(os.listdir(sys.argv[1]), key=int):
        try: judge(os.path.join(sys.argv[1], entry))
        except AssertionError as problem:
            print("round", entry, json.load(open(os.path.join(sys.argv[1], entry, "note.json")))["title"], str(problem)[:4000])
        rounds += 1
    print("judged", rounds)
    """#
}
