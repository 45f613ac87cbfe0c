//! Addresses of before open the analysis that they opened when they were shared.

use refit::analysis::drawing::{Drawing, Lines, Window};
use refit::analysis::{Analysis, BinRange, ResamplingUnit, from_query};
use refit::chart::AxisScale;
use refit::study::Table;
use refit::study::frontier::FrontierRule;
use refit::study::select::Axis;
use refit_fit::bootstrap::BootstrapInterval;
use refit_fit::law::Law;
use refit_fit::{Interval, Loss};

/// Keys of the page's own.
const OTHERS: [&str; 1] = ["page"];

/// An address, its table, and what it changes of the table's standard view.
type Address = (&'static str, &'static str, fn(&mut Analysis));

fn unchanged(_: &mut Analysis) {}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const VERSION_1: [Address; 12] = [
    ("?v=1", "sweep", unchanged),
    ("?v=1&page=verify", "sweep", unchanged),
    ("?v=1&table=zeroshot", "zeroshot", unchanged),
    // A line in log-log was a law of its own.
    ("?v=1&table=zeroshot&law=line", "zeroshot", unchanged),
    ("?v=1&table=zeroshot&law=power", "zeroshot", |a| {
        (a.law, a.loss) = (Law::Power, Loss::Squares);
    }),
    ("?v=1&law=line", "sweep", |a| {
        (a.law, a.loss) = (Law::Power, Loss::LogSquares);
    }),
    ("?v=1&law=saturation", "sweep", unchanged),
    ("?v=1&threshold=2e7", "sweep", |a| {
        a.threshold = Some(2e7);
    }),
    ("?v=1&frontier=pareto", "sweep", |a| {
        a.frontier = FrontierRule::Pareto;
    }),
    ("?v=1&family=siglip&pretrain=relaion2b-en", "sweep", |a| {
        a.families = owned(&["siglip"]);
        a.pretrains = owned(&["relaion2b-en"]);
    }),
    (
        "?v=1&table=plotted_frontier&family=clip",
        "plotted_frontier",
        |a| a.families = owned(&["clip"]),
    ),
    ("?v=1&at=2.14e12&at=ViT-L-14+at+12.8B", "sweep", |a| {
        a.at = owned(&["2.14e12", "ViT-L-14 at 12.8B"]);
    }),
];

const VERSION_2: [Address; 21] = [
    ("", "sweep", unchanged),
    ("?v=2&page=yours", "sweep", unchanged),
    ("?v=2&page=run", "sweep", unchanged),
    ("?v=2&page=figures", "sweep", unchanged),
    (
        "?v=2&table=plotted_frontier&page=embed",
        "plotted_frontier",
        unchanged,
    ),
    (
        "?v=2&table=plotted_frontier&dataset=imagenet-r&family=mammut",
        "plotted_frontier",
        |a| {
            a.dataset = "imagenet-r".to_owned();
            a.families = owned(&["mammut"]);
        },
    ),
    (
        "?v=2&table=plotted_frontier&family=clip&at=2.14e12&seed=5",
        "plotted_frontier",
        |a| {
            a.families = owned(&["clip"]);
            a.at = owned(&["2.14e12"]);
            a.resampling.seed = 5;
        },
    ),
    (
        "?v=2&table=segmentation&dataset=ade20k&metric=miou&resample=runs&resamples=10000",
        "segmentation",
        |a| {
            a.resampling.unit = ResamplingUnit::Runs;
            a.resampling.count = 10_000;
        },
    ),
    ("?v=2&ends=percentile", "sweep", |a| {
        a.resampling.interval = BootstrapInterval::Percentile;
    }),
    (
        "?v=2&table=zeroshot&dataset=flickr30k&metric=image_retrieval_recall@5",
        "zeroshot",
        |a| {
            a.dataset = "flickr30k".to_owned();
            a.metric = "image_retrieval_recall@5".to_owned();
        },
    ),
    (
        "?v=2&table=zeroshot&dataset=vtab%2Fcifar100&family=clip",
        "zeroshot",
        |a| a.dataset = "vtab/cifar100".to_owned(),
    ),
    ("?v=2&family=clip,yours", "sweep", |a| {
        a.families = owned(&["clip", "yours"]);
    }),
    (
        "?v=2&family=clip&family=clip%20(yours)&pretrain=datacomp_1b&pretrain=mine",
        "sweep",
        |a| {
            a.families = owned(&["clip (yours)"]);
            a.pretrains = owned(&["mine"]);
        },
    ),
    ("?v=2&pretrain=dfn&family=clip", "sweep", |a| {
        a.families = owned(&["clip"]);
        a.pretrains = owned(&["dfn"]);
    }),
    ("?v=2&schedule=const,cosine", "sweep", |a| {
        a.schedules = owned(&["const", "cosine"]);
    }),
    ("?v=2&frontier=corrected&edges=all", "sweep", |a| {
        a.frontier = FrontierRule::Bins;
        a.bin_range = BinRange::AllRuns;
    }),
    (
        "?v=2&table=plotted_frontier&frontier=released",
        "plotted_frontier",
        |a| a.frontier = FrontierRule::Authors,
    ),
    ("?v=2&axis=samples&law=offset-power", "sweep", |a| {
        (a.axis, a.law) = (Axis::Samples, Law::OffsetPower);
    }),
    (
        "?v=2&loss=huber:0.01&threshold=none&interval=released",
        "sweep",
        |a| {
            a.loss = Loss::Huber { delta: 0.01 };
            a.threshold = None;
            a.interval = Interval::LogT;
        },
    ),
    ("?v=2&loss=log-squares&law=power", "sweep", |a| {
        (a.law, a.loss) = (Law::Power, Loss::LogSquares);
    }),
    ("?table=zeroshot&interval=released", "zeroshot", |a| {
        a.interval = Interval::LogT;
    }),
];

#[test]
fn old_addresses_open_the_same_analysis() {
    for (address, table, change) in VERSION_1.iter().chain(&VERSION_2) {
        let mut expected = Analysis::of(Table::find(table).expect("bundled"));
        change(&mut expected);
        let (analysis, notices) = from_query(address, &OTHERS);
        assert_eq!(analysis, expected, "{address}");
        assert_eq!(notices, [], "{address}");
    }
}

#[test]
fn a_study_may_be_named() {
    let zeroshot = Analysis::of(Table::find("zeroshot").expect("bundled"));
    for address in ["?study=openclip", "?v=2&study=openclip&table=zeroshot"] {
        assert_eq!(from_query(address, &OTHERS), (zeroshot.clone(), vec![]));
    }
    let (analysis, notices) = from_query("?study=openclip&table=sweep", &OTHERS);
    assert_eq!((analysis, notices.len()), (zeroshot, 1));
    let (analysis, notices) = from_query("?study=nobody", &OTHERS);
    assert_eq!((analysis, notices.len()), (Analysis::default(), 1));
}

#[test]
fn an_address_that_leaves_runs_out_names_its_data() {
    let (analysis, notices) = from_query("?v=2&exclude=3-5,9&data=b0d16811", &OTHERS);
    assert_eq!((analysis.excluded, notices), (vec![3, 4, 5, 9], vec![]));
}

#[test]
fn old_addresses_draw_the_same() {
    let address = "?v=2&lines=model&x=linear&window=1e8,1e12,1e-1,5e-1&hide=0,2";
    let expected = Drawing {
        lines: Lines::Architecture,
        x: AxisScale::Linear,
        y: AxisScale::Log,
        window: Some(Window {
            x: (1e8, 1e12),
            y: (0.1, 0.5),
        }),
        hidden: vec![0, 2],
    };
    assert_eq!(Drawing::from_query(address), expected);
    assert_eq!(from_query(address, &OTHERS), (Analysis::default(), vec![]));
}
