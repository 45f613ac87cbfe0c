//! float16 (IEEE 754's binary16), in which checkpoints and GPUs store numbers.

/// A float16, given by its bits, as float32; exact.
pub fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let rest = u32::from(bits & 0x7fff);
    let magnitude = match rest {
        // Below the smallest normal number: multiples of 2^-24.
        0..=0x3ff => (rest as f32 * f32::from_bits(0x3380_0000)).to_bits(),
        0x400..=0x7bff => (rest << 13) + (112 << 23),
        _ => (rest << 13) | 0x7f80_0000,
    };
    f32::from_bits(sign | magnitude)
}

/// The bits of the nearest float16, of two equally near ones the even; infinity from 65520 on.
pub fn f32_to_f16(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let rest = bits & 0x7fff_ffff;
    // All cases, then the one that holds: without branches compilers convert several at a time.
    // Adding 1/2 leaves multiples of 2^-24 in the lowest bits, rounded by the sum.
    let subnormal = (f32::from_bits(rest) + 0.5)
        .to_bits()
        .wrapping_sub(0.5f32.to_bits());
    // Half a unit, less one unless the unit is odd; a carry raises the exponent.
    let even = (rest >> 13) & 1;
    let normal = ((rest + 0xfff + even) >> 13).wrapping_sub(112 << 10);
    let finite = if rest < 0x3880_0000 {
        subnormal
    } else {
        normal
    };
    let magnitude = match rest {
        0x7f80_0001.. => 0x7e00,
        0x4780_0000.. => 0x7c00,
        _ => finite,
    };
    sign | magnitude as u16
}

#[cfg(test)]
mod tests {
    use super::{f16_to_f32, f32_to_f16};

    #[test]
    fn halves_are_widened_exactly() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 2f32.powi(-24)),
            (0x03ff, 1023.0 * 2f32.powi(-24)),
            (0x0400, 2f32.powi(-14)),
            (0x7bff, 65504.0),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(f16_to_f32(bits), value, "{bits:04x}");
        }
        assert!(f16_to_f32(0x8000).is_sign_negative());
        assert_eq!(f16_to_f32(0xfc00), f32::NEG_INFINITY);
        assert!(f16_to_f32(0x7e00).is_nan());
    }

    /// Every half, and every midpoint between neighbours with what lies beside it.
    #[test]
    fn numbers_are_rounded_to_the_nearest_half() {
        for bits in (0..=0xffff).filter(|bits| bits & 0x7fff <= 0x7c00) {
            assert_eq!(f32_to_f16(f16_to_f32(bits)), bits, "{bits:04x}");
        }
        for low in 0..0x7bff {
            let middle = (f16_to_f32(low) + f16_to_f32(low + 1)) / 2.0;
            assert_eq!(f32_to_f16(middle), low + (low & 1), "{low:04x}");
            assert_eq!(f32_to_f16(middle.next_down()), low);
            assert_eq!(f32_to_f16(middle.next_up()), low + 1);
            assert_eq!(f32_to_f16(-middle.next_up()), (low + 1) | 0x8000);
        }
        assert_eq!(f32_to_f16(65519.996), 0x7bff);
        assert_eq!(f32_to_f16(65520.0), 0x7c00);
        assert_eq!(f32_to_f16(-1e30), 0xfc00);
        assert!(f16_to_f32(f32_to_f16(f32::NAN)).is_nan());
    }
}
