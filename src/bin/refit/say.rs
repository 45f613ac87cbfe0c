//! What commands print on standard output.

use std::io::{ErrorKind, Write};

/// Prints a line.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::say::line(format_args!($($line)*))
    };
}

/// A reader that has seen enough closes the pipe (`refit data | head`): that ends the program, and
/// is no failure.
pub(crate) fn line(text: std::fmt::Arguments) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("refit: standard output: {error}");
        std::process::exit(1);
    }
}

/// Prints JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), String> {
    let json = serde_json::to_string_pretty(value).map_err(|e| e.to_string())?;
    say!("{json}");
    Ok(())
}
