import ExportCore
import Testing

@Suite struct PrefixTemplateTests {
  @Test func readsLiteralsAndVariables() throws {
    let template = try PrefixTemplate("raw/{export}-{requestId}/{eventDate}{eventName}/x")
    #expect(
      template.parts == [
        .literal("raw/"), .variable(.export), .literal("-"), .variable(.requestId), .literal("/"),
        .variable(.eventDate), .variable(.eventName), .literal("/x"),
      ])
    #expect(template.variables == [.export, .requestId, .eventDate, .eventName])
    #expect(try PrefixTemplate("").parts == [])
    for variable in PrefixTemplate.Variable.allCases {
      #expect(try PrefixTemplate("{\(variable.rawValue)}").variables == [variable])
    }
  }

  @Test(arguments: ["a", "a/", "a/b", "...", "a/..b/c..", "{date}/", "é/😀/", "{date}..", "a b/"])
  func accepts(_ text: String) throws {
    _ = try PrefixTemplate(text)
  }

  @Test(arguments: [
    ("/", PrefixTemplate.Problem.absolute), ("/a", .absolute), ("//", .absolute),
    ("..", .level("..")), ("../a", .level("..")), ("a/../b", .level("..")), ("a/..", .level("..")),
    ("a/./b", .level(".")), (".", .level(".")), ("a//b", .level("")), ("{date}//", .level("")),
    ("{", .unpairedBrace), ("}", .unpairedBrace), ("a{date", .unpairedBrace), ("a}b", .unpairedBrace),
    ("{{date}}", .unpairedBrace), ("{da{te}", .unpairedBrace), ("{date}}", .unpairedBrace),
    ("{}", .unknownVariable("")), ("{Date}", .unknownVariable("Date")),
    ("{ date }", .unknownVariable(" date ")),
    ("a\nb", .controlCharacter), ("a\u{0}", .controlCharacter),
  ])
  func refuses(_ text: String, _ problem: PrefixTemplate.Problem) {
    #expect(throws: problem) { try PrefixTemplate(text) }
  }
}
