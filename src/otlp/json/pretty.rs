//! JSON over several lines, for people: keys stay in their order, and every token as it was written.

/// How far a level hangs in.
const INDENT: usize = 2;

/// The same document with a line for every member and item. What is no JSON comes out with all that was in it, too.
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut chars = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth * INDENT));
    };
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_the_same_in_more_lines() {
        let line = r#"{"a":[1,{"b":"x, {\"y\": [] }\\"}],"c":{},"d":[ ],"e":null}"#;
        let expected = r#"{
  "a": [
    1,
    {
      "b": "x, {\"y\": [] }\\"
    }
  ],
  "c": {},
  "d": [],
  "e": null
}"#;
        assert_eq!(pretty(line), expected);
        assert_eq!(pretty(expected), expected);
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&pretty(line)), read(line));
        assert_eq!(pretty("}]x"), "\n}\n]x");
    }
}
