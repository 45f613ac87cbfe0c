//! `cargo xtask test`: every check, the fast ones first, and a count that skips nothing in silence.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use crate::{
    Options, Result, browser, build,
    process::{self, cargo, describe, root, say},
    tools, vulkan,
};

struct Step {
    name: &'static str,
    what: &'static str,
    /// The step whose result this one reads.
    needs: Option<&'static str>,
    run: fn() -> Result<Count>,
}

const STEPS: [Step; 6] = [
    Step {
        name: "format",
        what: "the sources are formatted",
        needs: None,
        run: format,
    },
    Step {
        name: "lint",
        what: "clippy has nothing to say, natively and for wasm32",
        needs: None,
        run: lint,
    },
    Step {
        name: "native",
        what: "the library's tests, natively",
        needs: None,
        run: native,
    },
    Step {
        name: "wasm",
        what: "the library's tests in Chromium",
        needs: None,
        run: wasm,
    },
    Step {
        name: "build",
        what: "the page builds for release",
        needs: None,
        run: || build::page(None).map(|_| Count::ONE),
    },
    Step {
        name: "browser",
        what: "the page's tests in Chromium",
        needs: Some("build"),
        run: in_browser,
    },
];

/// Passed, failed and skipped: tests where a step has some, else the step itself.
#[derive(Clone, Copy, Default)]
struct Count {
    passed: u32,
    failed: u32,
    skipped: u32,
    /// What a step could not check here, as a sentence.
    unchecked: Option<&'static str>,
}

impl Count {
    const ONE: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
        unchecked: None,
    };

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.unchecked = self.unchecked.or(other.unchecked);
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        match self.skipped {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} skipped"),
        }
    }
}

/// The steps' names, in their order.
pub fn names() -> String {
    STEPS.map(|step| step.name).join(", ")
}

/// Runs every step, or one and what it needs, and ends with the count.
pub fn run(mut options: Options) -> Result {
    let only = options.take("--only")?;
    options.finish()?;
    let chosen = match &only {
        None => None,
        Some(name) => Some(
            STEPS
                .iter()
                .find(|step| step.name == name)
                .ok_or_else(|| format!("there is no step `{name}`: choose from {}", names()))?,
        ),
    };
    let mut total = Count::default();
    let mut lines = Vec::new();
    let mut failed: Vec<&str> = Vec::new();
    for step in &STEPS {
        let wanted = chosen.is_none_or(|one| one.name == step.name || one.needs == Some(step.name));
        let blocked = step.needs.filter(|need| failed.contains(need));
        let begun = Instant::now();
        let (count, note) = if !wanted {
            (SKIPPED, "not asked for".to_owned())
        } else if let Some(need) = blocked {
            (SKIPPED, format!("not run, since `{need}` failed"))
        } else {
            say(&format!("{}: {}", step.name, step.what));
            match (step.run)() {
                Ok(count) => (count, count.to_string()),
                Err(error) => {
                    eprintln!("\nxtask: {error}");
                    (FAILED, error)
                }
            }
        };
        if count.failed > 0 {
            failed.push(step.name);
        }
        total.add(count);
        let seconds = begun.elapsed().as_secs_f64();
        lines.push(format!("  {:<8} {seconds:6.1} s  {note}", step.name));
    }
    say("summary");
    println!("{}\n", lines.join("\n"));
    if let Some(sentence) = total.unchecked {
        println!("NOT CHECKED: {sentence}\n");
    }
    println!("{total}");
    match total.failed {
        0 => Ok(()),
        // The count is the last line; the exit code says the rest.
        _ => std::process::exit(1),
    }
}

const FAILED: Count = Count {
    passed: 0,
    failed: 1,
    skipped: 0,
    unchecked: None,
};

const SKIPPED: Count = Count {
    passed: 0,
    failed: 0,
    skipped: 1,
    unchecked: None,
};

fn format() -> Result<Count> {
    tools::component("rustfmt")?;
    process::run(&mut cargo("fmt --all --check"))?;
    Ok(Count::ONE)
}

fn lint() -> Result<Count> {
    tools::component("clippy")?;
    tools::wasm_target()?;
    process::run(&mut cargo(
        "clippy --workspace --all-targets -- -D warnings",
    ))?;
    let page = "clippy --package refit --features bench --lib --bin page --bin details --bin user_runs --bin parquet --bin models --bin clip-bench \
                --test wasm --test speed";
    process::run(&mut cargo(&format!(
        "{page} --target {} -- -D warnings",
        tools::WASM
    )))?;
    Ok(Count::ONE)
}

/// On the GPU too, which must then be there: Mesa's software driver will do.
fn native() -> Result<Count> {
    let has_gpu = vulkan::is_there() || vulkan::install()?;
    let mut tests =
        cargo("test --package refit --package refit-kernels --package xtask --no-fail-fast");
    if has_gpu {
        tests.env("REFIT_NEED_GPU", "1");
    }
    let unchecked = (!has_gpu).then_some(vulkan::MISSING);
    Ok(Count {
        unchecked,
        ..count(&mut tests)?
    })
}

fn wasm() -> Result<Count> {
    let (_server, mut reader) = browser::wasm_tests()?;
    count(&mut reader)
}

fn in_browser() -> Result<Count> {
    let (mut tests, unchecked) = browser::page_tests(&root().join("dist"))?;
    Ok(Count {
        unchecked,
        ..count(&mut tests)?
    })
}

/// Runs tests in sight, and counts what their `test result:` lines report.
fn count(tests: &mut Command) -> Result<Count> {
    let mut child = tests
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{} did not start: {error}", describe(tests)))?;
    let mut count = Count::default();
    let output = child.stdout.take().expect("piped above");
    for line in BufReader::new(output).lines().map_while(|line| line.ok()) {
        println!("{line}");
        if let Some(result) = line.trim_start().strip_prefix("test result: ") {
            count.passed += number_before(result, " passed");
            count.failed += number_before(result, " failed");
            count.skipped += number_before(result, " ignored");
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("{} was lost: {error}", describe(tests)))?;
    // What failed outside a test, a compilation or a crash, is one failure.
    if !status.success() && count.failed == 0 {
        return Err(format!("this failed: {}", describe(tests)));
    }
    if status.success() && count.passed == 0 {
        return Err(format!("no test ran: {}", describe(tests)));
    }
    Ok(count)
}

/// The number that stands before a word: 3 for " passed" in "ok. 3 passed; 0 failed".
fn number_before(text: &str, word: &str) -> u32 {
    let before = text.split(word).next().filter(|before| *before != text);
    before
        .and_then(|before| before.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::number_before;

    #[test]
    fn a_result_line_is_counted() {
        let line = "ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out";
        assert_eq!(number_before(line, " passed"), 12);
        assert_eq!(number_before(line, " failed"), 0);
        assert_eq!(number_before(line, " ignored"), 3);
        assert_eq!(number_before("FAILED", " passed"), 0);
    }
}
