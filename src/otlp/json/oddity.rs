//! What is accepted although the specification says otherwise. The texts are constant, so that who gathers
//! remarks of many requests can say each once.

/// Declares [`Oddity`] with the remark that each one leaves.
macro_rules! oddities {
    ($($name:ident = $remark:literal;)*) => {
        /// Something that is accepted and remarked upon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Oddity { $($name,)* }

        const REMARKS: &[&str] = &[$($remark,)*];
    };
}

oddities! {
    SnakeCase = "keys are in snake_case; OTLP/JSON demands lowerCamelCase";
    OldScope = "`instrumentationLibrarySpans` of OTLP before 1.0 instead of `scopeSpans`";
    Base64Id = "trace and span ids are in base64; OTLP/JSON demands hex";
    PrefixedId = "trace and span ids start with 0x; OTLP/JSON demands bare hex";
    EnumName = "enums are sent by name; OTLP/JSON demands their numbers";
    UnknownName = "an enum name is unknown, it was taken as unspecified";
    FloatTime = "times are floating point numbers, which cannot hold nanoseconds exactly";
    TextTime = "times are dates; OTLP/JSON demands nanoseconds since 1970";
    FractionalInt = "an `intValue` has a fraction or does not fit 64 bits, it was taken as a double";
    ScalarAsText = "a number or truth value stands where text is demanded";
    TextAsBool = "a `boolValue` is text";
    BareValue = "attribute values are bare JSON; OTLP/JSON demands `stringValue` and its like";
    MapAttributes = "attributes are a JSON object; OTLP/JSON demands a list of `key` and `value`";
    UnknownValue = "an attribute value is of an unknown type, it was left empty";
    NoKey = "an attribute has no key";
    BadAttribute = "an attribute is not an object, it was left out";
    BadBytes = "a `bytesValue` is not base64, it was kept as text";
    BadLink = "a link has an id that is none, it was left out";
    BadLogId = "a log record has a trace or span id that is none; it is kept without its span";
    BadField = "a field holds what it cannot hold, it was left out";
    TooDeep = "values are nested deeper than 32 levels, they were cut off there";
    Unwrapped = "`ResourceSpans` stand alone, without the request around them";
    Wrapped = "the spans lie inside of another object, as query APIs answer";
}

/// The oddities of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Oddities(u32);

const _: () = assert!(REMARKS.len() <= 32);

impl Oddities {
    pub(super) fn note(&mut self, oddity: Oddity) {
        self.0 |= 1 << oddity as u32;
    }

    /// One sentence each.
    pub(super) fn remarks(self) -> impl Iterator<Item = &'static str> {
        REMARKS.iter().enumerate().filter(move |(i, _)| self.0 & 1 << i != 0).map(|(_, remark)| *remark)
    }
}
