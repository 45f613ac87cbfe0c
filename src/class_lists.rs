//! Class names and prompt templates that the reader can choose.

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
