//! Class names and prompt templates that the reader can choose, and whose embeddings come with a pack.

/// The captions of the sample images (`public/clip/shapes.json`): the list that Run opens with.
pub const SAMPLES: &str = "four black stars\nfive red circles\nthree dotted purple squares\na large purple heart\na striped blue hexagon at the bottom\na dotted black ring on the right\nfour striped green triangles\na dotted yellow crescent on the left\na small blue cross on the right\na large checkered blue arrow";
/// The list that Run opened with before; browsers of earlier visitors have it.
pub const FORMER_DEFAULT: &str = "a red circle\na blue square\na green triangle\na yellow star";
pub const DEFAULT_TEMPLATES: &str = "a photo of {}.";

/// Lines of text, one a class or template.
#[derive(Clone, Copy)]
pub enum LineList {
    Text(&'static str),
    /// A file of the page.
    File(&'static str),
}

pub const LABELS: [(&str, LineList); 6] = [
    ("Captions of the samples", LineList::Text(SAMPLES)),
    (
        "Shapes",
        LineList::Text(
            "a black star\na red circle\na purple square\na purple heart\na blue hexagon\na black ring\na green triangle\na yellow crescent\na blue cross\na blue arrow",
        ),
    ),
    (
        "Colours",
        LineList::Text("red\norange\nyellow\ngreen\nblue\npurple\npink\nbrown\nblack\nwhite\ngray"),
    ),
    (
        "CIFAR-10",
        LineList::Text("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck"),
    ),
    (
        "Oxford pets",
        LineList::Text(
            "Abyssinian\nAmerican Bulldog\nAmerican Pit Bull Terrier\nBasset Hound\nBeagle\nBengal\nBirman\nBombay\nBoxer\nBritish Shorthair\nChihuahua\nEgyptian Mau\nEnglish Cocker Spaniel\nEnglish Setter\nGerman Shorthaired\nGreat Pyrenees\nHavanese\nJapanese Chin\nKeeshond\nLeonberger\nMaine Coon\nMiniature Pinscher\nNewfoundland\nPersian\nPomeranian\nPug\nRagdoll\nRussian Blue\nSaint Bernard\nSamoyed\nScottish Terrier\nShiba Inu\nSiamese\nSphynx\nStaffordshire Bull Terrier\nWheaten Terrier\nYorkshire Terrier",
        ),
    ),
    ("ImageNet, 1,000", LineList::File("clip/imagenet.txt")),
];

pub const TEMPLATES: [(&str, LineList); 4] = [
    (
        "One, for names with an article",
        LineList::Text(DEFAULT_TEMPLATES),
    ),
    ("One, for bare names", LineList::Text("a photo of a {}.")),
    ("CLIP’s 7", LineList::File("clip/templates-7.txt")),
    ("CLIP’s 80", LineList::File("clip/templates-80.txt")),
];

/// The name of a list in a file's name or an argument: `imagenet` of "ImageNet, 1,000".
pub fn id(name: &str) -> String {
    let name = name.split(',').next().unwrap_or(name);
    let letter = |c: char| match c.is_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    name.chars().map(letter).collect()
}

#[cfg(not(target_arch = "wasm32"))]
impl LineList {
    /// Its lines; the page fetches those of a file.
    pub fn text(self) -> &'static str {
        match self {
            LineList::Text(lines) => lines,
            LineList::File("clip/imagenet.txt") => include_str!("../public/clip/imagenet.txt"),
            LineList::File("clip/templates-7.txt") => {
                include_str!("../public/clip/templates-7.txt")
            }
            LineList::File("clip/templates-80.txt") => {
                include_str!("../public/clip/templates-80.txt")
            }
            LineList::File(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_a_name_of_its_own_and_lines() {
        let ids: Vec<String> = LABELS.iter().map(|(name, _)| id(name)).collect();
        let known = [
            "captions-of-the-samples",
            "shapes",
            "colours",
            "cifar-10",
            "oxford-pets",
        ];
        assert_eq!(ids[..5], known);
        assert_eq!(ids[5], "imagenet");
        for (_, lines) in LABELS.iter().chain(&TEMPLATES) {
            assert!(!lines.text().is_empty());
        }
        assert_eq!(LABELS[5].1.text().lines().count(), 1000);
    }
}
