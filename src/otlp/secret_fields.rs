//! Values in a text that stand behind the name of a secret: parameters of URLs, connection strings, JSON and what is
//! printed like it, headers, options of commands, and `password: value` in a sentence.
//!
//! A name alone proves little in prose, where errors speak of tokens and passwords. So the less a form is one of
//! machines, the more its value must look like a credential.

use super::secret_keys::{is_authorization, is_chosen, is_cookie, is_error, is_secret_key};
use super::secrets::{count, is_placeholder};
use std::ops::Range;

/// How long a name is at most.
const NAME: usize = 48;
/// How many backslashes stand before a quote at most: JSON in JSON, six times. With a bound, quotes that are opened
/// and never closed cannot be many.
const ESCAPES: usize = 63;
/// What stands before a credential in the header `Authorization`.
const SCHEMES: &[&str] = &["bearer", "basic", "token", "apikey", "negotiate", "ntlm", "digest", "hawk"];
/// What follows the name of a secret in sentences and in code, and is none: what is said of it, and types.
const WORDS: &str = "\
    is are was has had must may can cannot should will not no and or for from in of on to with the a an \
    your this option flag argument requires required needs given missing invalid incorrect wrong expired \
    empty unknown unexpected failed failure error denied rejected mismatch eof none null nil undefined \
    true false yes string str text varchar int integer number bool boolean bytes uuid id any object \
    optional";

/// A name of a secret in a text.
struct Name<'a> {
    text: &'a str,
    /// What stands before it and its dashes.
    before: Option<u8>,
    /// The quote around it.
    quote: Option<u8>,
}

/// A text, and what was found in it. However hostile it is, no part of it is gone through more than a few times: that
/// it is shall not stop who opens or shares a dump.
struct Search<'a> {
    text: &'a [u8],
    found: &'a mut Vec<Range<usize>>,
    /// The end of all values, of those too that are placeholders: what stands in a value is masked with it.
    done: usize,
    /// The last word behind a colon: where many names stand in a word, it is gone through once.
    word: Word,
    /// Up to where no `=` stands before the end of the line, or of the quotes around the header.
    no_cookies: [usize; 3],
}

/// A word that stands in no quotes.
#[derive(Clone, Default)]
struct Word {
    range: Range<usize>,
    last_digit: Option<usize>,
    last_letter: Option<usize>,
    is_code: bool,
    /// No other word follows in the sentence.
    is_last: bool,
}

/// Adds all values behind names of secrets.
pub(super) fn fields(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut search = Search { text, found, done: 0, word: Word::default(), no_cookies: [0; 3] };
    for at in memchr::memchr2_iter(b'=', b':', text) {
        if at < search.done {
            continue;
        }
        if let Some(name) = name(text, at) {
            if text[at] == b'=' {
                search.assigned(at + 1, &name);
            } else {
                search.told(at + 1, &name);
            }
        }
    }
    search.options();
}

/// The name that ends at this separator, if it is that of a secret.
fn name(text: &[u8], separator: usize) -> Option<Name<'_>> {
    let before = text[..separator].trim_ascii_end();
    let spaced = before.len() < separator;
    let quote = before.last().copied().filter(|b| is_quote(*b));
    // `\"name\"`, where JSON stands in JSON.
    let end = match quote {
        Some(_) => without_escapes(&before[..before.len() - 1]).len(),
        None => before.len(),
    };
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let len = text[..end].iter().rev().take(NAME).take_while(is_name).count();
    let whole = std::str::from_utf8(&text[end - len..end]).ok()?;
    let bare = whole.trim_start_matches('-');
    // `a = 'b'` and `"a" : "b"`, but no `a : b`.
    if bare.len() < 3 || spaced && quote.is_none() && text[separator] == b':' || !is_secret_key(bare) {
        return None;
    }
    let before = end.checked_sub(len + 1).map(|at| text[at]);
    Some(Name { text: bare, before, quote })
}

impl Search<'_> {
    /// Behind `=`.
    fn assigned(&mut self, from: usize, name: &Name<'_>) {
        let text = self.text;
        let behind = skip(text, from, |b| b == b' ');
        if let Some(value) = quoted(text, behind) {
            self.add(value);
        } else if text[..from - 1].ends_with(b" ") || text.get(from) == Some(&b'=') {
            // `a = b` and `a == b` are code.
        } else if let Some(credential) = credential(text, from, name) {
            self.add(credential);
        } else {
            let ends = |b: u8| {
                matches!(b, b'&' | b';' | b',' | b'"' | b'\'' | b')' | b']' | b'}' | b'#')
                    || b.is_ascii_whitespace()
            };
            self.add(from..skip(text, from, |b| !ends(b)));
        }
    }

    /// Behind `:`.
    fn told(&mut self, from: usize, name: &Name<'_>) {
        let text = self.text;
        let behind = skip(text, from, |b| matches!(b, b' ' | b'\t'));
        if name.quote.is_some() {
            return self.member(behind);
        }
        // A route `{token:int}`, a variable of GraphQL `$token: String`, a part of an ARN or of a path of a language.
        if matches!(name.before, Some(b'{' | b'<' | b'$' | b':' | b'@')) || is_error(name.text) {
            return;
        }
        if let Some(value) = quoted(text, behind) {
            let inner = &text[value.clone()];
            if is_credible(inner, name.text, true, kinds(inner)) {
                self.add(value);
            }
            return;
        }
        if is_cookie(name.text) {
            return self.cookies(behind, name);
        }
        if let Some(credential) = credential(text, behind, name) {
            return self.add(credential);
        }
        let spaced = behind > from;
        let word = self.word(behind);
        let value = behind..behind + text[behind..word.range.end].trim_ascii_end().len();
        let value = if text[value.clone()].ends_with(b".") { value.start..value.end - 1 } else { value };
        let stands = |at: Option<usize>| at.is_some_and(|at| at >= behind);
        let kinds = (stands(word.last_digit), stands(word.last_letter));
        if !word.is_code
            && (spaced || is_chosen(name.text))
            && is_credible(&text[value.clone()], name.text, word.is_last, kinds)
        {
            self.add(value);
        }
    }

    /// Of JSON or a printed dict: the value, or each of a list.
    fn member(&mut self, from: usize) {
        let text = self.text;
        let mut at = skip(text, from, |b| matches!(b, b'[' | b' '));
        let is_list = at > from && text.get(from) == Some(&b'[');
        let Some(mut value) = quoted(text, at) else {
            return self.add(at..skip(text, at, |b| b.is_ascii_digit()));
        };
        loop {
            at = skip(text, value.end, |b| b == b'\\' || is_quote(b));
            self.add(value);
            if !is_list || text.get(at) != Some(&b',') {
                return;
            }
            at = skip(text, at, |b| matches!(b, b',' | b' '));
            match quoted(text, at) {
                Some(next) => value = next,
                None => return,
            }
        }
    }

    /// What stands in a header that holds cookies.
    fn cookies(&mut self, from: usize, name: &Name<'_>) {
        let around = name.before.filter(|b| is_quote(*b));
        let kind = match around {
            None => 0,
            Some(b'"') => 1,
            Some(_) => 2,
        };
        if from < self.no_cookies[kind] {
            return;
        }
        let end = skip(self.text, from, |b| b != b'\n' && b != b'\r' && Some(b) != around);
        if self.text[from..end].contains(&b'=') {
            self.add(from..end);
        } else {
            self.no_cookies[kind] = end;
        }
    }

    /// The rest from here of a word that stands in no quotes.
    fn word(&mut self, from: usize) -> Word {
        if !self.word.range.contains(&from) {
            let text = self.text;
            let end = skip(text, from, |b| !is_end(b) && !matches!(b, b' ' | b'\n' | b'\r'));
            let next = text.get(skip(text, end, |b| b == b' '));
            let last = |is: fn(&u8) -> bool| text[from..end].iter().rposition(is).map(|at| from + at);
            count(2 * (end - from));
            self.word = Word {
                range: from..end,
                last_digit: last(u8::is_ascii_digit),
                last_letter: last(u8::is_ascii_alphabetic),
                is_code: matches!(text.get(end), Some(b'(' | b'[' | b'<' | b'{')),
                is_last: next.is_none_or(|b| is_end(*b) || matches!(b, b'\n' | b'\r')),
            };
        }
        self.word.clone()
    }

    /// Behind an option: `--token abc`, and `"--token", "abc"`.
    fn options(&mut self) {
        let text = self.text;
        for dash in memchr::memchr_iter(b'-', text) {
            let starts =
                dash.checked_sub(1).is_none_or(|at| text[at].is_ascii_whitespace() || is_quote(text[at]));
            if !starts {
                continue;
            }
            let end = skip(text, dash, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
            let Some(name) = option(&text[dash..end]) else { continue };
            let spaces = skip(text, end, |b| b == b' ');
            // A list as text: the quote of the name, a comma, and the next one in quotes.
            let next = skip(text, end, |b| is_quote(b) || matches!(b, b'\\' | b',' | b' '));
            let listed = next.checked_sub(1).filter(|at| *at > end && is_quote(text[*at]));
            let separated = listed.is_some_and(|at| text[end..at].contains(&b','));
            if let (true, Some(at)) = (separated, listed) {
                let open = without_escapes(&text[..at]).len();
                if let Some(value) = quoted(text, open).filter(|value| text.get(value.start) != Some(&b'-')) {
                    self.add(value);
                }
            } else if let Some(value) = quoted(text, spaces).filter(|_| spaces > end) {
                self.add(value);
            } else if spaces > end {
                let value = spaces..skip(text, spaces, |b| !b.is_ascii_whitespace() && !is_quote(b));
                let word = &text[value.clone()];
                // With one dash it may be punctuation.
                let is_meant = text[dash..].starts_with(b"--") || is_credible(word, name, true, kinds(word));
                let is_prose = is_word(word) || word.len() < 3 && !is_chosen(name);
                if is_meant && !is_prose && !word.starts_with(b"-") {
                    self.add(value);
                }
            }
        }
    }

    fn add(&mut self, value: Range<usize>) {
        self.done = self.done.max(value.end);
        if !value.is_empty() && !is_placeholder(&self.text[value.clone()]) {
            self.found.push(value);
        }
    }
}

/// What stands behind the scheme in the header `Authorization`; an empty range where that is no credential.
fn credential(text: &[u8], at: usize, name: &Name<'_>) -> Option<Range<usize>> {
    let word = at..skip(text, at, |b| b.is_ascii_alphanumeric());
    let is_scheme = |scheme: &&str| text[word.clone()].eq_ignore_ascii_case(scheme.as_bytes());
    if !is_authorization(name.text) || !SCHEMES.iter().any(is_scheme) {
        return None;
    }
    let start = skip(text, word.end, |b| b == b' ');
    let end = if is_scheme(&"digest") {
        // Several parameters, some in quotes.
        skip(text, start, |b| b != b'\n' && !(is_quote(b) && Some(b) == name.before))
    } else {
        skip(text, start, |b| !is_end(b) && !b.is_ascii_whitespace())
    };
    // "authorization: token expired" is prose.
    let is_prose = end - start < 4 || text[start..end].iter().all(u8::is_ascii_lowercase);
    Some(start..if is_prose { start } else { end })
}

/// The name in an option that wants a secret: `--api-key`, `-token`.
pub(super) fn option(word: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(word).ok()?;
    let bare = name.trim_start_matches('-');
    let is_bare = word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (is_bare && bare.len() < name.len() && bare.len() >= 3 && is_secret_key(bare)).then_some(bare)
}

/// Whether a value has digits, and letters.
fn kinds(value: &[u8]) -> (bool, bool) {
    count(2 * value.len());
    (value.iter().any(u8::is_ascii_digit), value.iter().any(u8::is_ascii_alphabetic))
}

/// Whether what stands behind a name and a colon looks like a credential. `is_last`: no word of a sentence follows.
fn is_credible(value: &[u8], name: &str, is_last: bool, (digits, letters): (bool, bool)) -> bool {
    let word = value.strip_suffix(b"!").unwrap_or(value);
    if is_word(word) || matches!(value, [] | [b'/' | b'\\' | b'[' | b'(' | b'=' | b'-' | b':', ..]) {
        return false;
    }
    let mixed = digits && letters;
    if is_chosen(name) {
        is_last || mixed && value.len() >= 4
    } else {
        // Words with digits, and codes of digits alone, are no tokens; long ones are.
        mixed && value.len() >= 6 || value.len() >= 12 && digits
    }
}

/// What is in quotes that open here, escaped or not. Where they are never closed, as in a text that was cut, all that
/// follows.
fn quoted(text: &[u8], at: usize) -> Option<Range<usize>> {
    let open = skip(text, at, |b| b == b'\\');
    let quote = text.get(open).copied().filter(|b| is_quote(*b) && open - at <= ESCAPES)?;
    let escapes = open - at;
    let mut end = open + 1;
    loop {
        let len = memchr::memchr(quote, text.get(end..)?);
        count(len.unwrap_or(text.len() - end));
        let Some(len) = len else { return Some(open + 1..text.len()) };
        end += len;
        let inner = &text[open + 1..end];
        // One with more escapes stands for itself, unless they are pairs that stand for backslashes.
        let before = inner.len() - without_escapes(inner).len();
        if before < escapes || before % (2 * (escapes + 1)) == escapes {
            return Some(open + 1..end - before.min(escapes));
        }
        end += 1;
    }
}

fn is_word(word: &[u8]) -> bool {
    WORDS.split(' ').any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'')
}

/// What ends a value that stands in no quotes.
fn is_end(b: u8) -> bool {
    is_quote(b) || matches!(b, b',' | b';' | b')' | b']' | b'}' | b'(' | b'[' | b'<' | b'{')
}

/// Without the backslashes at its end.
fn without_escapes(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| *b != b'\\').map_or(0, |last| last + 1);
    &text[..end]
}

/// Where what is meant ends.
fn skip(text: &[u8], from: usize, is_meant: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let len = rest.iter().take_while(|b| is_meant(**b)).count();
    count(len);
    from + len
}

#[cfg(test)]
mod tests {
    use super::super::secrets::{STEPS, secrets};

    fn found(text: &str) -> Vec<&str> {
        secrets(text.as_bytes()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn values_behind_names_of_secrets() {
        for (text, expected) in [
            (r#"{"password":"hunter2"}"#, &["hunter2"][..]),
            (r#"{"a":1,"password" : "hun\"ter, 2","user":{"token":"t0k3n"}}"#, &["hun\\\"ter, 2", "t0k3n"]),
            (r#"{"password":"a\\","n":"b"}"#, &[r"a\\"]),
            (r#"{"body":"{\"password\":\"hunter2\",\"n\":1}"}"#, &["hunter2"]),
            (r#"{"Authorization":["Bearer a1b2c3d4","Basic x"],"n":["y"]}"#, &["Bearer a1b2c3d4", "Basic x"]),
            (r#"{"cardNumber":4111,"passcode":1234}"#, &["4111", "1234"]),
            ("{'api_key': 'abc', 'n': 'x'}", &["abc"]),
            ("Config { password: \"hunter2\", n: 1 }", &["hunter2"]),
            ("password: hunter2hunter2", &["hunter2hunter2"]),
            ("password: swordfish", &["swordfish"]),
            ("password:hunter2, user: ann", &["hunter2"]),
            ("login failed with token: tok123secret", &["tok123secret"]),
            ("apiKey: abcdef.", &["abcdef"]),
            ("--password zz33", &["zz33"]),
            ("app --token abc -n 3", &["abc"]),
            ("app --client-secret 'a b' -n 3", &["a b"]),
            (r#"["app","--token","abc","--n","1"]"#, &["abc"]),
            ("['app', '--token', 'abc']", &["abc"]),
            ("app --password=hunter2 --n=1", &["hunter2"]),
            ("user=ann password=\"a b\" n=1", &["a b"]),
            ("where id = 5 and token = 'abc'", &["abc"]),
            ("curl -H \"Authorization: token 0a1b2c3d\" http://x", &["0a1b2c3d"]),
            ("Authorization: Bearer zz32abc", &["zz32abc"]),
            ("authorization=Basic dXNlcjpwYXNz", &["dXNlcjpwYXNz"]),
            ("Authorization: Digest username=\"x\", response=\"0f\"", &["username=\"x\", response=\"0f\""]),
            ("Cookie: sid=zz37; theme=dark", &["sid=zz37; theme=dark"]),
            ("-H 'Cookie: sid=zz37' -v", &["sid=zz37"]),
            ("userPassword=abc&clientSecret=def", &["abc", "def"]),
            // Cut.
            (r#"{"user":"a","password":"hunter2"#, &["hunter2"]),
            (r#"{"body":"{\"password\":\"hun, ter2"#, &["hun, ter2"]),
            (r#"{"tokens":1,"token":["a1","b2"#, &["a1", "b2"]),
            ("user=ann password=\"hunter2 x", &["hunter2 x"]),
            ("password: 'hunter2 x", &["hunter2 x"]),
            ("app --token \"abc d", &["abc d"]),
            (r#"["app","--token","ab"#, &["ab"]),
            ("token:/a/password:hunter2", &["hunter2"]),
            ("token: \"see password=hunter\"", &["hunter"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn names_of_secrets_without_values() {
        for text in [
            "/reset/{token}",
            "/reset/:token/confirm",
            "/reset/{token:int}",
            "/reset/{token:[a-f0-9]{32}}",
            "SELECT password, token FROM users WHERE password = ? AND token=$1",
            "INSERT INTO users (name, password) VALUES (?, ?)",
            "UPDATE users SET password = :password",
            "SELECT password::text FROM users",
            "CREATE TABLE users (password TEXT, token VARCHAR(64))",
            "MATCH (u:User {password: $password}) RETURN u",
            r#"{"find":"users","filter":{"password":"?","token":{"$eq":"?"}}}"#,
            "mutation($password: String!, $token: ID!) { login }",
            "input Login { password: String! token: String }",
            "token_count: 12",
            "gen_ai.usage.input_tokens: 1200, output_tokens=12",
            r#"{"usage":{"prompt_tokens":12,"token_count":120000}}"#,
            r#"{"password":null,"token":true,"secret":""}"#,
            "InvalidTokenError",
            "TokenExpiredException: token expired at 1795416830",
            "InvalidSignatureException: request123 was refused",
            "PasswordMismatchError: user1234",
            "Unexpected token: IDENTIFIER",
            "unexpected token: '}' at line 12",
            "invalid password: must be at least 8 characters",
            "password: required",
            "secret: not found",
            "Authorization: token expired",
            "option --password is required",
            "--token <TOKEN>",
            "kept per user and -session timeout",
            "run --no-cookie --verbose",
            "arn:aws:secretsmanager:eu-west-1:123456789013:secret:shop-Ab12Cd",
            "cookie: the session has expired",
            "password: ****",
            "def login(password: str, token: Optional[str])",
            "password: getSecret()",
            r#"{"password":""#,
            r#"{"password":"?"#,
            "password=\"",
            "unexpected token: '",
            "unexpected token: '} at the end",
            "message: \"password is wrong",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_gone_through_a_few_times_at_most() {
        for piece in [
            r#"'token\":[\"\"',"#,
            r#""token":["","#,
            r#""token":["a","#,
            "token=%",
            "token:",
            "token: ",
            "token:     ",
            "password:",
            "password:a",
            "password: \"",
            "password:a(",
            "token:\\\"a'",
            "authorization=digest %",
            "authorization=digest REDACTED ",
            "authorization:digest %",
            "authorization: token a",
            "cookie:",
            "\"cookie:",
            "'cookie:\"cookie:cookie:",
            "cookie:****=",
            "--token '",
            "\"--token\",\"",
            "--token \\\"'",
            "-token ",
        ] {
            let many = piece.repeat(50_000 / piece.len());
            for text in [many.clone(), format!("{many}("), format!("{many} b")] {
                STEPS.set(0);
                let mut found = Vec::new();
                super::fields(text.as_bytes(), &mut found);
                assert!(STEPS.get() < 8 * text.len(), "{piece}: {} steps", STEPS.get());
                assert!(found.len() <= text.len() / 4, "{piece}: {} ranges", found.len());
            }
        }
        // Quotes of ever more escapes, none of which closes another.
        let text: String = (0..400).map(|n| format!("token:{}\"", "\\".repeat(n))).collect();
        STEPS.set(0);
        super::fields(text.as_bytes(), &mut Vec::new());
        assert!(STEPS.get() < 300 * text.len());
    }

    #[test]
    fn noise_is_survived() {
        let mut random = fastrand::Rng::with_seed(5);
        let pieces =
            ["password", "--token", "Cookie", "Authorization", ":", "=", " ", "\"", "'", "\\", ",", "[", "{"];
        let more = ["Digest", "bearer", "a1", "\n", "é", "-", "."];
        let pieces = [&pieces[..], &more].concat();
        for _ in 0..50_000 {
            let text: String =
                (0..random.usize(0..14)).map(|_| pieces[random.usize(0..pieces.len())]).collect();
            let found = secrets(text.as_bytes());
            assert!(found.windows(2).all(|two| two[0].end <= two[1].start), "{text}");
            assert!(found.iter().all(|range| range.end <= text.len() && !range.is_empty()), "{text}");
        }
    }
}
