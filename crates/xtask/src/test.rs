//! `cargo xtask test`: every check, the fast ones first, and a count that skips nothing in silence.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Options, Result, aarch64, browser, build,
    process::{self, cargo, describe, root, say},
    progress::Work,
    tools, vulkan,
};

struct Step {
    name: &'static str,
    what: &'static str,
    /// The step whose result this one reads.
    needs: Option<&'static str>,
    on_two_cores: Duration,
    run: fn() -> Result<Count>,
}

const STEPS: [Step; 6] = [
    Step {
        name: "format",
        what: "the sources are formatted",
        needs: None,
        on_two_cores: Duration::from_secs(2),
        run: format,
    },
    Step {
        name: "lint",
        what: "clippy has nothing to say, natively and for wasm32",
        needs: None,
        on_two_cores: Duration::from_secs(240),
        run: lint,
    },
    Step {
        name: "native",
        what: "the library's tests, natively",
        needs: None,
        on_two_cores: Duration::from_secs(480),
        run: native,
    },
    Step {
        name: "wasm",
        what: "the library's tests in Chromium",
        needs: None,
        on_two_cores: Duration::from_secs(180),
        run: wasm,
    },
    Step {
        name: "build",
        what: "the page builds for release",
        needs: None,
        on_two_cores: Duration::from_secs(240),
        run: || build::page(None, None, browser::page_tests_build).map(|_| Count::ONE),
    },
    Step {
        name: "browser",
        what: "the page's tests in Chromium",
        needs: Some("build"),
        on_two_cores: Duration::from_secs(600),
        run: in_browser,
    },
];

/// Passed, failed and skipped: tests where a step has some, else the step itself.
#[derive(Clone, Default)]
struct Count {
    passed: u32,
    failed: u32,
    skipped: u32,
    /// What a step could not check here, as sentences.
    unchecked: Vec<&'static str>,
}

impl Count {
    const ONE: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
        unchecked: Vec::new(),
    };

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.unchecked.extend(other.unchecked);
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
pub(crate) fn names() -> String {
    STEPS.map(|step| step.name).join(", ")
}

/// Runs every step, or one and what it needs, and ends with the count.
pub(crate) fn run(mut options: Options) -> Result {
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
            let work = Work {
                name: step.name,
                what: &format!("{}: {}", step.name, step.what),
                on_two_cores: step.on_two_cores,
            };
            match work.run(step.run) {
                Ok(count) => {
                    let note = count.to_string();
                    (count, note)
                }
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
    for sentence in &total.unchecked {
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
    unchecked: Vec::new(),
};

const SKIPPED: Count = Count {
    passed: 0,
    failed: 0,
    skipped: 1,
    unchecked: Vec::new(),
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
    // The page's profile, whose macros the page needs too.
    let mut page = cargo("clippy --release --features bench --lib --test wasm --test speed");
    page.args(["--target", tools::WASM]);
    for program in programs_for_wasm()? {
        page.args(["--bin", &program]);
    }
    process::run(page.args(["--", "-D", "warnings"]))?;
    Ok(Count::ONE)
}

/// The programs of Cargo.toml but for the terminal, which has the package's name.
fn programs_for_wasm() -> Result<Vec<String>> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))
        .map_err(|error| format!("Cargo.toml cannot be read: {error}"))?;
    let all = programs_of(&manifest).filter(|name| *name != "refit");
    Ok(all.map(str::to_owned).collect())
}

/// The names that a manifest's `[[bin]]` sections give.
fn programs_of(manifest: &str) -> impl Iterator<Item = &str> {
    let sections = manifest.split("[[bin]]").skip(1);
    sections.filter_map(|section| {
        let lines = section.lines().skip(1);
        let mut own = lines.take_while(|line| !line.starts_with('['));
        let name = own.find_map(|line| line.strip_prefix("name = \""))?;
        name.split('"').next()
    })
}

/// On the GPU too, which must then be there: Mesa's software driver will do. The CPU's kernels also
/// for aarch64.
fn native() -> Result<Count> {
    let has_gpu = vulkan::is_there() || vulkan::install()?;
    let mut tests = cargo("test --workspace --exclude browser-tests --tests --no-fail-fast");
    if has_gpu {
        tests.env("REFIT_NEED_GPU", "1");
    }
    let mut all = count(&mut tests)?;
    all.add(count(&mut cargo("test --workspace --doc --no-fail-fast"))?);
    all.unchecked.extend((!has_gpu).then_some(vulkan::MISSING));
    if !aarch64::is_native() {
        match aarch64::tests()? {
            Some(mut tests) => all.add(count(&mut tests)?),
            None => all.unchecked.push(aarch64::MISSING),
        }
    }
    Ok(all)
}

fn wasm() -> Result<Count> {
    let (_server, mut reader) = browser::wasm_tests()?;
    count(&mut reader)
}

fn in_browser() -> Result<Count> {
    let (mut tests, unchecked) = browser::page_tests(&root().join("dist"))?;
    let mut all = count(&mut tests)?;
    all.unchecked.extend(unchecked);
    Ok(all)
}

/// Runs tests in sight, and counts what their `test result:` lines report.
fn count(tests: &mut Command) -> Result<Count> {
    let mut child = tests
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{} did not start: {error}", describe(tests)))?;
    let mut count = Count::default();
    let output = child.stdout.take().into_iter().map(BufReader::new);
    for line in output
        .flat_map(BufRead::lines)
        .map_while(std::result::Result::ok)
    {
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
    use super::{number_before, programs_of};

    #[test]
    fn a_result_line_is_counted() {
        let line = "ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out";
        assert_eq!(number_before(line, " passed"), 12);
        assert_eq!(number_before(line, " failed"), 0);
        assert_eq!(number_before(line, " ignored"), 3);
        assert_eq!(number_before("FAILED", " passed"), 0);
    }

    #[test]
    fn a_manifest_names_its_programs() {
        let manifest = r#"[package]
name = "refit"
[[bin]]
name = "refit"
path = "src/bin/refit/main.rs"

[[bin]]
# Said here.
path = "src/main.rs"
name = "page"
[[bench]]
name = "fit"
"#;
        let programs: Vec<_> = programs_of(manifest).collect();
        assert_eq!(programs, ["refit", "page"]);
    }
}
