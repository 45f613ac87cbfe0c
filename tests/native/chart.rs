//! A scene as SVG, and from a pointer or a key to a mark.
use refit::chart::{
    AxisScale, ChartAxis, ChartLayout, Direction, Emphasis, Format, Mark, Marks, Scene, Shape,
    Theme, nearest, projection::estimate_width, step, to_svg, to_svg_above,
};

fn scene(points: &[(f64, f64)]) -> Scene {
    let axis = |label: &str, format| ChartAxis {
        label: label.to_owned(),
        scale: AxisScale::Log,
        range: None,
        format,
    };
    let mut scene = Scene::new(
        axis("Compute", Format::Number),
        axis("Error", Format::Percent),
    );
    let points = points.iter().enumerate();
    scene.marks.push(Marks {
        shape: Shape::Diamond,
        color: 1,
        size: 4.0,
        emphasis: Emphasis::Frontier,
        points: points.map(|(key, &(x, y))| Mark { x, y, key }).collect(),
    });
    scene
}

#[test]
fn axes_are_labelled_within_one_decade() {
    let svg = to_svg(
        &scene(&[(1e7, 0.9), (1e12, 0.2)]),
        &Theme::light(),
        640,
        400,
    )
    .unwrap();
    for label in ["10⁷", "10¹¹", "30 %", "Compute", "Error"] {
        assert!(svg.contains(label), "{label}");
    }
}

#[test]
fn nothing_that_is_no_number_stops_the_drawing() {
    let numbers = [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e-300, 1e300, 0.5];
    for x in numbers {
        for y in numbers {
            for (width, height) in [(0, 0), (1, 1), (320, 200)] {
                to_svg(&scene(&[(x, y)]), &Theme::dark(), width, height).unwrap();
            }
        }
    }
    to_svg(&scene(&[]), &Theme::light(), 640, 400).unwrap();
}

#[test]
fn text_below_a_chart_keeps_within_its_size() {
    let words = "Some words about what is shown. ".repeat(6);
    let address = format!("https://example.org/?{}", "a".repeat(300));
    let below = [words.clone(), address.clone()];
    let svg = to_svg_above(&below, &scene(&[(1e7, 0.9)]), &Theme::light(), 640, 400).unwrap();
    assert!(svg.contains("width=\"640\" height=\"400\""));
    let texts = svg.split("<text ").skip(1);
    let (mut all, mut lowest) = (String::new(), 0.0_f64);
    for text in texts {
        let y = text.split("y=\"").nth(1).and_then(|y| y.split('"').next());
        lowest = lowest.max(y.and_then(|y| y.parse().ok()).expect("a place"));
        let content = text.split('>').nth(1).and_then(|t| t.split('<').next());
        let content = content.expect("a text").trim();
        assert!(estimate_width(content) <= 640.0, "{content}");
        all.push_str(&content.replace(' ', ""));
    }
    // Nothing is cut; four units are a pixel.
    assert!(all.contains(&words.replace(' ', "")) && all.contains(&address));
    assert!(lowest < 4.0 * 400.0, "{lowest}");
}

#[test]
fn the_nearest_mark_is_found_within_reach() {
    let scene = scene(&[(1e7, 0.9), (1e9, 0.5), (1e12, 0.2)]);
    let layout = ChartLayout::new(&scene, 640.0, 400.0, &estimate_width);
    let (x, y) = layout.pixel(1e9, 0.5).unwrap();
    assert_eq!(nearest(&layout, &scene, x + 5.0, y - 5.0, 24.0), Some(1));
    assert_eq!(nearest(&layout, &scene, x + 50.0, y, 24.0), None);
}

#[test]
fn keys_go_from_mark_to_mark_and_stop_at_the_end() {
    let scene = scene(&[(1e9, 0.5), (1e7, 0.9), (1e12, 0.2)]);
    let layout = ChartLayout::new(&scene, 640.0, 400.0, &estimate_width);
    let mut at = None;
    let mut seen = Vec::new();
    for _ in 0..4 {
        at = step(&layout, &scene, at, Direction::Next);
        seen.extend(at);
    }
    assert_eq!(seen, [1, 0, 2, 2]);
}
