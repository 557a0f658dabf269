import Testing

@testable import CloudDestinations

@Suite struct XMLTests {
  @Test func readsWhatCloudsSend() throws {
    let tree = try #require(
      XMLTree(
        Array(
          """
          \u{FEFF}<?xml version="1.0" encoding="utf-8"?>
          <!-- a list --><s3:List xmlns:s3='http://example.com/'><?pass me by?>
            <Key Encoded="true" a='&quot;'>x &lt;&amp;&#233;&#x1F600;<![CDATA[<&]]></Key>\r\n<Empty/><Key>2</Key >
          </s3:List>
          """.utf8)))
    #expect(tree.name == "List")
    #expect(tree.all("Key").map(\.text) == ["x <&é😀<&", "2"])
    #expect(tree["Key"]?.attributes == ["Encoded": "true", "a": "\""])
    #expect(tree["Empty"] == XMLTree(name: "Empty"))
    #expect(tree["Nothing"] == nil)
    #expect(tree.text.trimmingPrefix("\n  ") == "\n\n")
  }

  @Test(arguments: [
    "", "text", "<a>", "<a></b>", "<a/>x", "<a/><b/>", "<a b=1/>", "<a b='1' b='2'/>", "<a b='<'/>",
    "<a>&no;</a>",
    "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&amp</a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "<a><![CDATA[</a>",
    "<a><!-- </a>", "<a", "<a b", "<a b='", "</a>", "<a>&#+5;</a>",
  ])
  func refusesWhatIsNone(text: String) { #expect(XMLTree(Array(text.utf8)) == nil) }

  @Test func refusesWhatIsNoTextOrTooDeep() {
    #expect(XMLTree(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8)) == nil)
    #expect(XMLTree(Array(String(repeating: "<a>", count: 100_000).utf8)) == nil)
  }

  @Test(arguments: ["a<b>&\"c'", "é😀\n"]) func escapesWhatItReads(text: String) {
    #expect(XMLTree(Array("<a>\(XMLTree.escaped(text))</a>".utf8))?.text == text)
  }
}
