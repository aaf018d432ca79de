//! Protobuf's wire format, of bytes that nobody vouches for.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

const OTHER_FORM: &str = "a field has another wire type than its type";
const CUT_OFF: &str = "it is cut off";

impl<'a> Payload<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], &'static str> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(OTHER_FORM),
        }
    }

    pub(super) fn number(self) -> Result<u64, &'static str> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(OTHER_FORM),
        }
    }

    pub(super) fn float(self) -> Result<f64, &'static str> {
        match self {
            Self::Fixed64(bits) => Ok(f64::from_bits(bits)),
            Self::Fixed32(bits) => Ok(f32::from_bits(bits).into()),
            _ => Err(OTHER_FORM),
        }
    }
}

/// The fields of a message, by number, in their order. Ends after the first error.
pub(super) fn fields(
    bytes: &[u8],
) -> impl Iterator<Item = Result<(u32, Payload<'_>), &'static str>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(&mut rest);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

/// Numbers written one after the other.
pub(super) fn packed(bytes: &[u8]) -> impl Iterator<Item = Result<u64, &'static str>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let number = varint(&mut rest);
        if number.is_err() {
            rest = &[];
        }
        Some(number)
    })
}

/// Text, which must be UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<String, &'static str> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a text is not UTF-8")
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Payload<'a>), &'static str> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3).map_err(|_| "a field's number is too great")?;
    let payload = match tag & 7 {
        0 => Payload::Varint(varint(rest)?),
        1 => Payload::Fixed64(u64::from_le_bytes(fixed(rest)?)),
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| CUT_OFF)?;
            let (bytes, after) = rest.split_at_checked(length).ok_or(CUT_OFF)?;
            *rest = after;
            Payload::Bytes(bytes)
        }
        5 => Payload::Fixed32(u32::from_le_bytes(fixed(rest)?)),
        _ => return Err("a field has an unknown wire type"),
    };
    Ok((number, payload))
}

fn fixed<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], &'static str> {
    let (bytes, after) = rest.split_first_chunk().ok_or(CUT_OFF)?;
    *rest = after;
    Ok(*bytes)
}

fn varint(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(CUT_OFF)?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number is too long")
}
