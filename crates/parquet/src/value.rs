//! Values as they are stored, and as CSV cells.

use super::ParquetError;
use super::csv_cell::write_cell;
use super::decode::{Bytes, DAMAGED};
use super::metadata::{Form, Physical};
use half::f16;
use std::io::Write;

type Result<T> = std::result::Result<T, ParquetError>;

#[derive(Clone, Debug)]
pub(super) enum PlainValue {
    Boolean(bool),
    Int32(i32),
    Int64(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
}

/// A value as it stands (PLAIN).
pub(super) fn plain(bytes: &mut Bytes, kind: Physical) -> Result<PlainValue> {
    Ok(match kind {
        // Only pages pack booleans; a dictionary of them is never written.
        Physical::Boolean => PlainValue::Boolean(bytes.array::<1>()? != [0]),
        Physical::Int32 => PlainValue::Int32(i32::from_le_bytes(bytes.array()?)),
        Physical::Int64 => PlainValue::Int64(i64::from_le_bytes(bytes.array()?)),
        Physical::Float => PlainValue::Float(f32::from_le_bytes(bytes.array()?)),
        Physical::Double => PlainValue::Double(f64::from_le_bytes(bytes.array()?)),
        Physical::Bytes => PlainValue::Bytes(bytes.prefixed()?.to_vec()),
        Physical::Fixed(length) => PlainValue::Bytes(bytes.take(length)?.to_vec()),
    })
}

/// Writes a CSV cell.
pub(super) fn write(out: &mut Vec<u8>, form: Form, value: &PlainValue) -> Result<()> {
    match (form, value) {
        (Form::AsStored | Form::Unsigned, PlainValue::Bytes(value)) => {
            write_cell(out, value);
            Ok(())
        }
        _ => write_plain(out, form, value),
    }
}

/// Writes a value as text.
pub(super) fn write_plain(out: &mut Vec<u8>, form: Form, value: &PlainValue) -> Result<()> {
    // Writing to memory does not fail.
    let written = match (form, value) {
        (Form::Decimal(scale), PlainValue::Int32(value)) => {
            return decimal(out, &value.to_be_bytes(), scale);
        }
        (Form::Decimal(scale), PlainValue::Int64(value)) => {
            return decimal(out, &value.to_be_bytes(), scale);
        }
        (Form::Decimal(scale), PlainValue::Bytes(value)) => return decimal(out, value, scale),
        (Form::Half, PlainValue::Bytes(value)) => {
            let bits = value.as_slice().try_into().map_err(|_| DAMAGED)?;
            write!(out, "{}", f16::from_le_bytes(bits).to_f32())
        }
        (Form::Unsigned, PlainValue::Int32(value)) => write!(out, "{}", *value as u32),
        (Form::Unsigned, PlainValue::Int64(value)) => write!(out, "{}", *value as u64),
        (_, PlainValue::Boolean(value)) => write!(out, "{value}"),
        (_, PlainValue::Int32(value)) => write!(out, "{value}"),
        (_, PlainValue::Int64(value)) => write!(out, "{value}"),
        (_, PlainValue::Float(value)) => write!(out, "{value}"),
        (_, PlainValue::Double(value)) => write!(out, "{value}"),
        (_, PlainValue::Bytes(value)) => {
            out.extend_from_slice(value);
            return Ok(());
        }
    };
    written.map_err(|_| DAMAGED)
}

/// Most bytes of a decimal; writers go up to 256 bits.
pub(super) const DECIMAL: usize = 64;

/// An integer of any length, highest byte first in two's complement, divided by ten to the power
/// `scale`; all its digits.
fn decimal(out: &mut Vec<u8>, bytes: &[u8], scale: usize) -> Result<()> {
    if bytes.is_empty() || bytes.len() > DECIMAL {
        return Err(DAMAGED);
    }
    let negative = bytes[0] & 0x80 != 0;
    let mut rest = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in rest.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    // Lowest first.
    let mut digits = Vec::new();
    while rest.iter().any(|byte| *byte != 0) {
        let mut remainder = 0_u16;
        for byte in &mut rest {
            let part = remainder << 8 | u16::from(*byte);
            *byte = (part / 10) as u8;
            remainder = part % 10;
        }
        digits.push(b'0' + remainder as u8);
    }
    digits.resize(digits.len().max(scale + 1), b'0');
    if negative {
        out.push(b'-');
    }
    let (fraction, whole) = digits.split_at(scale);
    out.extend(whole.iter().rev());
    if scale > 0 {
        out.push(b'.');
        out.extend(fraction.iter().rev());
    }
    Ok(())
}
