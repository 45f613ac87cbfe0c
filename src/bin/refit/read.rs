//! `refit study render` and `numbers`: studies' `read.md` as pages, and what is computed in them.

use crate::data;
use crate::say;
use crate::share::png;
use refit::claim::{Library, Printed};
use refit::read::{self, Answer, Home, Listed, Page, Source, share};
use refit::study::Study;
use refit::study::checkpoint::{self, PublishedCheckpoint};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Render {
    /// Folders with a study.json and a read.md, or bundled studies [default: all bundled studies]
    folders: Vec<String>,
    /// Folder to write: a folder for each study, and index.html with the list
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Address of the site, where it is known: then sitemap.xml is written beside the folder, and pictures for shared links
    #[arg(long, value_name = "URL")]
    site: Option<String>,
    /// Page of the site whose element `home` is filled, beside the folder
    #[arg(long, value_name = "FILE")]
    home: Option<PathBuf>,
}

/// Scripts: the reader's theme; of documents cards on a touch screen; of Home its slider.
const SCRIPTS: [(&str, &str); 3] = [
    ("theme.js", include_str!("../../read/theme.js")),
    ("read.js", include_str!("../../read/read.js")),
    ("home.js", include_str!("../../read/home.js")),
];

/// Facts of the bundled model, with its samples and what PyTorch makes of them.
const SHAPES: &str = include_str!("../../../public/clip/shapes.json");

#[derive(clap::Args)]
pub(crate) struct Numbers {
    /// A folder with a study.json and a read.md, or a bundled study
    folder: String,
    /// Read this file in place of the folder's read.md
    #[arg(long, value_name = "FILE")]
    document: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A number of a document, where it stands.
#[derive(serde::Serialize)]
struct Stands<'a> {
    address: &'a str,
    line: u64,
    column: u64,
    #[serde(flatten)]
    number: &'a read::Number,
}

pub(crate) fn numbers(arguments: &Numbers) -> Result<(), String> {
    let study = data::study(&arguments.folder)?;
    let (library, printed) = (data::library()?, data::printed(&Study::all())?);
    let own = study.path(read::FILE);
    let path = arguments.document.as_deref().unwrap_or(&own);
    let (document, mut problems) = read::parse(&data::read(path).map_err(|e| e.to_string())?);
    let source = Source::new(study, &library, &printed);
    let (computed, more) = read::compute(&document, &source);
    problems.extend(more);
    let found = document.numbers.iter().zip(&computed.numbers);
    let found: Vec<Stands> = found
        .filter_map(|(live, number)| {
            Some(Stands {
                address: &live.address,
                line: live.place.line,
                column: live.place.column,
                number: number.as_ref()?,
            })
        })
        .collect();
    if arguments.json {
        say::json(&found)?;
    } else {
        for stands in &found {
            say!(
                "{:>4}  {:<24} {}",
                stands.line,
                stands.number.text,
                stands.address
            );
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(said(path, &problems)),
    }
}

/// A line a problem.
fn said(path: &str, problems: &[read::Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|p| format!("{path}, {p}")).collect();
    lines.join("\n")
}

pub(crate) fn render(arguments: &Render) -> Result<(), String> {
    let site = arguments.site.as_deref().map(site).transpose()?;
    let mut folders = arguments.folders.clone();
    if folders.is_empty() {
        folders.extend(Study::bundled().iter().map(|s| s.reference().to_owned()));
    }
    let studies = folders.iter().map(|folder| data::study(folder));
    let studies = studies.collect::<Result<Vec<_>, _>>()?;
    // A folder is known from here on.
    let (library, printed) = (data::library()?, data::printed(&Study::all())?);
    let out = &arguments.out;
    let mut listed = Vec::new();
    for (folder, study) in folders.iter().zip(studies) {
        match page(study, &library, &printed, out, site.as_deref())? {
            Some(page) => listed.push(page),
            None if arguments.folders.is_empty() => {}
            None => return Err(format!("{folder} has no {}", read::FILE)),
        }
    }
    let mut picture = None;
    if let Some(file) = &arguments.home {
        picture = home(file, &library, &printed, &listed, out, site.as_deref())?;
    }
    let address = site.as_ref().map(|site| format!("{site}read/"));
    write(
        &out.join("index.html"),
        read::list(&listed, address.as_deref(), picture.as_deref()),
    )?;
    write(&out.join("read.css"), read::stylesheet())?;
    for (name, script) in SCRIPTS {
        write(&out.join(name), script)?;
    }
    if let (Some(site), Some(beside)) = (site, out.parent()) {
        write(&beside.join("sitemap.xml"), sitemap(&site, &listed))?;
    }
    say!("{}: {} documents", out.display(), listed.len());
    Ok(())
}

/// Writes a study's page and its figures; `None` where it has no document.
fn page(
    study: Study,
    library: &Library,
    printed: &Printed,
    out: &Path,
    site: Option<&str>,
) -> Result<Option<Listed>, String> {
    let path = study.path(read::FILE);
    let Ok(text) = data::read(&path) else {
        return Ok(None);
    };
    let (document, mut problems) = read::parse(&text);
    let source = Source::new(study, library, printed);
    let (computed, more) = read::compute(&document, &source);
    problems.extend(more);
    if !problems.is_empty() {
        return Err(said(&path, &problems));
    }
    let models = models()?;
    let page = Page {
        document: &document,
        computed: &computed,
        source: &source,
        address: site.map(|site| format!("{site}read/{}/", study.id)),
        model: models.iter().find(|c| c.study == Some(study)),
    };
    let (html, files) = page.html();
    let folder = out.join(&study.id);
    write(&folder.join("index.html"), &html)?;
    for (name, text) in files {
        write(&folder.join(name), &text)?;
    }
    if site.is_some() {
        write(&folder.join(share::FILE), png(&page.picture()?)?)?;
    }
    Ok(Some(page.listed()))
}

/// Fills the element `home` of the site's page, and writes the files that it shows. With a site, also the picture beside
/// its link, whose description is returned; the list of papers has the same picture.
fn home(
    file: &Path,
    library: &Library,
    printed: &Printed,
    papers: &[Listed],
    out: &Path,
    site: Option<&str>,
) -> Result<Option<String>, String> {
    const PLACE: &str = "<div id=\"home\">";
    const HEAD: &str = "</head>";
    let explain = |error: std::io::Error| format!("{}: {error}", file.display());
    let page = fs::read_to_string(file).map_err(explain)?;
    let (before, after) = page
        .split_once(PLACE)
        .ok_or_else(|| format!("{}: there is no {PLACE}", file.display()))?;
    let home = Home {
        source: &Source::new(Study::default(), library, printed),
        papers,
        answer: &Answer::new(SHAPES)?,
        repository: site.and_then(repository),
    };
    let (html, files) = home.html()?;
    for (name, text) in files {
        write(&out.join(name), &text)?;
    }
    let mut before = before.to_owned();
    let mut described = None;
    if let Some(site) = site {
        let (svg, alt) = home.picture()?;
        write(&out.join(share::FILE), png(&svg)?)?;
        let end = before.find(HEAD);
        let end = end.ok_or_else(|| format!("{}: there is no {HEAD}", file.display()))?;
        before.insert_str(end, &Home::picture_meta(site, &alt));
        described = Some(alt);
    }
    write(file, format!("{before}{PLACE}\n{html}{after}"))?;
    Ok(described)
}

/// The repository of a site on GitHub Pages.
fn repository(site: &str) -> Option<String> {
    let (host, path) = site.strip_prefix("https://")?.split_once('/')?;
    let owner = host.strip_suffix(".github.io")?;
    let name = match path.trim_end_matches('/') {
        "" => host,
        name => name,
    };
    Some(format!("https://github.com/{owner}/{name}"))
}

/// The checkpoints that the page can run.
fn models() -> Result<Vec<PublishedCheckpoint>, String> {
    let text = data::read(checkpoint::PATH).map_err(|e| e.to_string())?;
    checkpoint::read(&text).map_err(|e| e.to_string())
}

/// An address that ends in a slash.
fn site(url: &str) -> Result<String, String> {
    match url.starts_with("https://") || url.starts_with("http://") {
        true => Ok(format!("{}/", url.trim_end_matches('/'))),
        false => Err(format!("--site “{url}” is no address with https://")),
    }
}

fn sitemap(site: &str, listed: &[Listed]) -> String {
    let pages = listed.iter().map(|page| format!("read/{}/", page.id));
    let pages = ["".to_owned(), "read/".to_owned()].into_iter().chain(pages);
    let urls: String = pages
        .map(|page| format!("<url><loc>{site}{page}</loc></url>\n"))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{urls}</urlset>\n"
    )
}

fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), String> {
    let explain = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(explain)?;
    }
    fs::write(path, contents).map_err(explain)
}
