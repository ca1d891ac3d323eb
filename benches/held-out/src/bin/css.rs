//! CSS: tokens of style sheets, with nested blocks.
#![no_main]

use cssparser::{ParseError, Parser, ParserInput, ToCss, Token};
use support::{Checksum, Random, text};

/// Tokenizes `n` rules.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xc55);
    let mut checksum = Checksum::new();
    let mut sheet = String::new();
    for _ in 0..n.max(1) {
        let (a, b) = (text::word(&mut random), text::word(&mut random));
        let number = random.below(500);
        sheet += &format!(
            "@media (min-width: {number}px) {{ .{a}:hover > #{b}[lang|='en'] {{ color: #ff{number:04x}; \
             margin: -{number}.5em calc(100% - 3px) !important; background: url(\"{a}.png\") }} }}\n"
        );
    }
    let mut input = ParserInput::new(&sheet);
    block(&mut Parser::new(&mut input), &mut checksum);
    checksum.finish()
}

/// Adds the tokens of a block, and of the blocks inside it.
fn block(parser: &mut Parser, checksum: &mut Checksum) {
    while let Ok(token) = parser.next_including_whitespace_and_comments() {
        checksum.bytes(token.to_css_string().as_bytes());
        let opens = matches!(
            token,
            Token::CurlyBracketBlock
                | Token::SquareBracketBlock
                | Token::ParenthesisBlock
                | Token::Function(_)
        );
        if opens {
            let inner: Result<(), ParseError<()>> = parser.parse_nested_block(|inner| {
                block(inner, checksum);
                Ok(())
            });
            checksum.word(u64::from(inner.is_ok()));
        }
    }
}
