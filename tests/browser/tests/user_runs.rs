//! The reader's own runs: imported, joined, stored, exported.

use browser_tests::{Manner, NO_WORKER, Page};
use flate2::{Compression, write::GzEncoder};
use parquet::basic::Compression as Codec;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

const FITTED: &str = "document.querySelector('[data-parameter]')";

/// Runs of one family on one set, as the page's own table has them.
const MINE: &str = "model,flops,samples,top1_err\n\
    mine,1e18,3e8,0.80\n\
    mine,4e18,3e8,0.71\n\
    mine,2e19,3e9,0.60\n\
    mine,9e19,3e9,0.52\n\
    mine,4e20,1e10,0.45\n\
    mine,2e21,1e10,0.40\n";

/// A table that needs no mapping: what the page exports.
const KNOWN: &str = "source,study,parameters,run,family,architecture,pretrain,schedule,samples,samples_seen,compute,dataset,metric,value\n\
    own,comparison,,a,clip,ViT-B-32,mine,cosine,300M,3e8,1e9,imagenet1k,acc1,0.2\n\
    own,comparison,,b,clip,ViT-B-32,mine,cosine,300M,3e8,8e9,imagenet1k,acc1,0.3\n\
    own,comparison,,c,clip,ViT-B-16,mine,cosine,3B,3e9,7e10,imagenet1k,acc1,0.45\n\
    own,comparison,,d,clip,ViT-B-16,mine,cosine,3B,3e9,3e11,imagenet1k,acc1,0.55\n\
    own,comparison,,e,clip,ViT-L-14,mine,cosine,3B,3e9,9e11,imagenet1k,acc1,0.6\n";

/// Drops a file onto the page; `made` is an expression for its parts.
fn drop_made(page: &Page, name: &str, made: &str) {
    page.eval(&format!(
        "(async () => {{ const data = new DataTransfer(); \
           data.items.add(new File([{made}], {name})); \
           for (const kind of ['dragover', 'drop']) \
             document.body.dispatchEvent(new DragEvent(kind, {{dataTransfer: data, bubbles: true, cancelable: true}})); }})()",
        name = json!(name)
    ));
}

fn drop_text(page: &Page, name: &str, text: &str) {
    drop_made(page, name, &json!(text).to_string());
}

fn drop_bytes(page: &Page, name: &str, bytes: &[u8]) {
    drop_made(page, name, &format!("new Uint8Array({})", json!(bytes)));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Waits for the result of an import and returns its text.
fn import_result(page: &Page, name: &str) -> String {
    let card = format!("[data-import={}]", json!(name));
    page.wait_for(&format!("document.querySelector({})", json!(card)));
    page.text(&card)
}

fn stored(page: &Page, number: usize) {
    page.wait_for(&format!(
        "document.querySelector('[data-files=\"{number}\"]')"
    ));
}

fn button(page: &Page, within: &str, text: &str) {
    page.eval(&format!(
        "[...document.querySelectorAll({})].find(b => b.innerText.includes({})).click()",
        json!(format!("{within} button, {within} a")),
        json!(text)
    ));
}

#[test]
fn a_dropped_file_joins_every_view_and_survives_a_reload() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    let bundled = page.eval("document.querySelectorAll('[data-parameter]').length");
    drop_text(&page, "known.csv", KNOWN);
    let told = import_result(&page, "known.csv");
    assert!(
        told.contains("Imported 5 of 5 rows with 5 results"),
        "{told}"
    );
    stored(&page, 1);
    page.screenshot("yours-light", 1280, 1200, false);
    page.screenshot("yours-dark", 1280, 1200, true);
    page.screenshot("yours-phone", 320, 900, false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    page.set_view(1280, 900, false);

    button(&page, "[data-file='known.csv']", "Open in Explore");
    page.wait_for_text("Your data: 5 results from known.csv, family “clip (yours)”.");
    page.wait_for("document.querySelector('.legend').innerText.includes('clip (yours)')");
    let joined = page.eval("document.querySelectorAll('[data-parameter]').length");
    assert!(joined.as_u64() > bundled.as_u64(), "{joined} and {bundled}");
    page.screenshot("yours-joined-light", 1280, 1000, false);
    page.screenshot("yours-joined-phone", 360, 800, false);
    page.set_view(1280, 900, false);
    page.click("#tab-numbers");
    page.wait_for("document.querySelector('#numbers input')");
    page.set_value("#numbers input", "clip (yours)");
    page.wait_for("document.querySelectorAll('#numbers tbody tr').length === 5");
    // Do they beat the curve? In numbers, against the study's law.
    page.set_value("select[name='Residual from']", "CLIP, DataComp-1.4B");
    page.wait_for_text("clip (yours), mine: ");
    let told = page.text("#numbers ul");
    assert!(
        told.contains("clip (yours), mine: 0 of 5 points have a lower error than the law of CLIP"),
        "{told}"
    );
    page.click("#tab-pair");
    page.wait_for("document.querySelector('#pair td')");
    page.set_value("select[name='Second series']", "clip (yours), mine");
    page.wait_for(
        "[...document.querySelectorAll('#pair thead th')].some(h => h.textContent === 'Error of clip (yours), mine')",
    );
    page.set_value("select[name='First series']", "clip (yours), mine");
    page.wait_for(
        "document.querySelector('#pair thead th:nth-child(2)').textContent === 'Error of clip (yours), mine'",
    );
    page.eval("document.querySelector('#numbers').scrollIntoView()");
    page.screenshot("yours-numbers-light", 1280, 1000, false);
    page.eval("document.querySelector('#pair').scrollIntoView()");
    page.screenshot("yours-pair-light", 1280, 1000, false);
    page.set_view(360, 900, true);
    page.eval("document.querySelector('#pair').scrollIntoView()");
    page.screenshot("yours-pair-phone", 360, 900, true);
    page.set_view(1280, 900, false);

    // A reload has them again; the laws of the studies are as they were.
    page.go("?v=2&family=clip&family=clip%20(yours)&pretrain=datacomp_1b&pretrain=mine");
    page.wait_for_text("Your data: 5 results from known.csv");
    page.wait_for("document.querySelector('.legend').innerText.includes('clip (yours)')");
    // A family that is ticked is seen, with the pre-training set that is its own.
    page.go("?v=2");
    page.wait_for("document.querySelector('[name=\"clip (yours)\"]')");
    page.click("[name='clip (yours)']");
    page.wait_for("document.querySelector('.legend').innerText.includes('clip (yours)')");
    page.go("?page=yours");
    stored(&page, 1);
    button(&page, "[data-file='known.csv']", "Delete");
    stored(&page, 0);
    assert_eq!(page.eval("localStorage.getItem('data-yours')"), json!(null));
    page.go("?");
    page.wait_for(FITTED);
    assert!(!page.has(".user-runs"));
    let requests = page.requests();
    let last = requests.iter().rposition(|r| r.path.is_empty());
    let after = &requests[last.expect("the page")..];
    assert!(
        after.iter().all(|r| r.path != "user_runs.js"),
        "nothing is asked of it"
    );
}

#[test]
fn a_table_of_other_columns_is_mapped_and_exported() {
    let keep = "globalThis.files = {}; const make = URL.createObjectURL; \
        URL.createObjectURL = blob => { globalThis.last = blob; return make.call(URL, blob); }; \
        HTMLAnchorElement.prototype.click = function () { \
            if (this.download) globalThis.files[this.download] = globalThis.last; else this.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); };";
    let page = Page::builder().before_load(keep).open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    // Pasted, not into a field.
    page.eval(&format!(
        "(() => {{ const data = new DataTransfer(); data.setData('text/plain', {}); \
           document.body.dispatchEvent(new ClipboardEvent('paste', {{clipboardData: data, bubbles: true}})); }})()",
        json!(MINE)
    ));
    let told = import_result(&page, "pasted table 1");
    assert!(told.contains("This is what they are taken for"), "{told}");
    let chosen = |name: &str| {
        page.eval(&format!(
            "document.querySelector('[name=\"{name}\"]').value"
        ))
    };
    assert_eq!(chosen("Compute"), "=flops");
    assert_eq!(chosen("Compute formula"), "1e-9*flops");
    assert_eq!(chosen("Type"), "error");
    assert_eq!(chosen("Family of all rows"), "pasted table 1");
    // A preview shows the first rows as they will be imported.
    let preview = page.text(".import-preview");
    assert!(preview.contains("10⁹ GFLOPs"), "{preview}");
    assert!(preview.contains("80.00 %"), "{preview}");
    page.screenshot("yours-mapping-light", 1280, 2000, false);
    page.screenshot("yours-mapping-phone", 320, 3200, false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    page.set_view(1280, 900, false);
    // Without compute it says what is missing; with it, it reads.
    page.set_value("[name='Compute']", "");
    page.set_value("[name='Samples seen']", "");
    page.wait_for_text("No column says how much compute a run took");
    page.wait_for("document.querySelector('.mapping button[type=submit]').disabled");
    page.set_value("[name='Compute']", "=flops");
    page.set_value("[name='Samples seen']", "=samples");
    assert_eq!(chosen("Compute formula"), "1e-9*flops");
    page.set_value("[name='Compute formula']", "flops*");
    page.wait_for_text("“flops*” is not a formula");
    page.wait_for("document.querySelector('.mapping button[type=submit]').disabled");
    page.set_value("[name='Compute formula']", "1e-9*flops");
    page.set_value("[name='Family']", "same");
    page.wait_for("document.querySelector('[name=\"Family of all rows\"]')");
    page.set_value("[name='Family of all rows']", "ours");
    page.wait_for("!document.querySelector('.mapping button[type=submit]').disabled");
    page.click(".mapping button[type=submit]");
    page.wait_for_text("Imported 6 of 6 rows with 6 results");
    stored(&page, 1);
    // The keyboard goes on where the form was.
    page.wait_for("document.activeElement.innerText === 'pasted table 1'");

    button(&page, "[data-file='pasted table 1']", "Export CSV");
    page.wait_for("files['pasted table 1.csv']");
    let csv = page.eval("files['pasted table 1.csv'].text()");
    let csv = csv.as_str().expect("text");
    assert_eq!(csv.lines().count(), 7, "{csv}");
    assert!(
        csv.contains(",ours,mine,yours,cosine,300M,300000000,"),
        "{csv}"
    );
    // What is exported reads back as it is.
    drop_text(&page, "again.csv", csv);
    let told = import_result(&page, "again.csv");
    assert!(
        told.contains("Imported 6 of 6 rows with 6 results"),
        "{told}"
    );
    assert!(
        told.contains("The same runs were already imported as pasted table 1"),
        "{told}"
    );
    stored(&page, 1);
    // Another file of a name takes the place of the first, and says so.
    drop_text(&page, "known.csv", KNOWN);
    stored(&page, 2);
    drop_text(&page, "known.csv", &KNOWN.replace("0.45", "0.46"));
    page.wait_for_text("It replaces the earlier file of the same name");
    stored(&page, 2);
    // Deleting all is asked once more.
    button(&page, ".yours", "Delete all");
    page.wait_for_text("Delete all 2 files permanently");
    stored(&page, 2);
    button(&page, ".yours", "Delete all");
    stored(&page, 0);
}

/// Runs of language models, whose "error" may be a loss in nats or an error in percent.
fn ambiguous() -> String {
    let row = |(i, loss): (usize, f64)| {
        let (n, d) = (4e7 * 4f64.powi(i as i32), 8e8 * 4f64.powi(i as i32));
        format!(
            "run-{i},{n},{d},{},{loss},{}\n",
            6.0 * n * d,
            0.1 * i as f64
        )
    };
    let losses = [4.11, 3.52, 3.05, 2.70, 2.43, 2.24];
    let rows: String = losses.into_iter().enumerate().map(row).collect();
    format!("name,params,tokens,flops,error,wd\n{rows}")
}

/// Drop, ask, answer, join, save as study, reload.
#[test]
fn a_table_that_can_be_read_two_ways_is_asked_about() {
    let keep = "globalThis.files = {}; const make = URL.createObjectURL; \
        URL.createObjectURL = blob => { globalThis.last = blob; return make.call(URL, blob); }; \
        const click = HTMLAnchorElement.prototype.click; \
        HTMLAnchorElement.prototype.click = function () { \
            if (this.download) globalThis.files[this.download] = globalThis.last; else click.call(this); };";
    let page = Page::builder().before_load(keep).open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    drop_text(&page, "sweep.csv", &ambiguous());
    let told = import_result(&page, "sweep.csv");
    assert!(
        told.contains("“error” may be an error in percent, or a loss in nats."),
        "{told}"
    );
    // Both readings stand beside the first rows under each.
    assert!(
        told.contains("error 0.0411") && told.contains("loss 4.11"),
        "{told}"
    );
    assert!(told.contains("Answer the question above first."), "{told}");
    page.wait_for("document.querySelector('.mapping button[type=submit]').disabled");
    for (name, width, height, dark) in [
        ("yours-question-light", 1280, 1400, false),
        ("yours-question-dark", 1280, 1400, true),
        ("yours-question-phone", 320, 1800, false),
    ] {
        page.screenshot(name, width, height, dark);
    }
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    page.set_view(1280, 900, false);
    button(&page, ".question", "loss in nats");
    page.wait_for("!document.querySelector('.question')");
    let role = |column: &str| {
        page.eval(&format!(
            "document.querySelector('[aria-label=\"Role of {column}\"]').value"
        ))
    };
    let roles = ["name", "params", "tokens", "flops", "error", "wd"].map(role);
    assert_eq!(
        roles,
        ["run", "parameters", "samples", "compute", "loss", ""].map(|role| json!(role))
    );
    // A column is given another role, and back.
    page.set_value("[aria-label='Role of flops']", "");
    page.wait_for("document.querySelector('.import-preview').innerText.includes('unknown')");
    page.set_value("[aria-label='Role of flops']", "compute");
    page.wait_for("document.querySelector('.import-preview').innerText.includes('GFLOPs')");
    // In another study's unit compute is the same.
    page.set_value("[name='Add to study']", "openclip");
    page.wait_for(
        "document.querySelector('.import-preview').innerText.includes('9.600 × 10⁷ GMACs')",
    );
    page.set_value("[name='Add to study']", "comparison");
    page.wait_for(
        "document.querySelector('.import-preview').innerText.includes('1.920 × 10⁸ GFLOPs')",
    );
    page.click(".mapping button[type=submit]");
    page.wait_for_text("Imported 6 of 6 rows with 6 results");
    stored(&page, 1);
    button(&page, "[data-file='sweep.csv']", "Open in Explore");
    page.wait_for_text("Your data: 6 results from sweep.csv");
    page.wait_for(FITTED);
    page.go("?page=yours");
    stored(&page, 1);
    button(&page, "[data-file='sweep.csv']", "Save as study");
    page.wait_for("files['sweep.zip']");
    page.eval(
        "(() => { const data = new DataTransfer(); \
         data.items.add(new File([files['sweep.zip']], 'sweep.zip')); \
         document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); })()",
    );
    page.wait_for("location.search.includes('study=local%3Asweep')");
    page.wait_for(FITTED);
    // That was assumed to join a study, and is not in the study's files.
    let main = page.eval("document.querySelector('main').innerText");
    assert!(!main.to_string().contains("cosine"), "{main}");
    page.screenshot("yours-study-light", 1280, 900, false);
}

#[test]
fn bad_input_is_told_by_line_and_the_rest_is_kept() {
    let page = Page::open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    let told = |name: &str, bytes: &[u8], sentences: &[&str]| {
        drop_bytes(&page, name, bytes);
        let told = import_result(&page, name);
        for sentence in sentences {
            assert!(told.contains(sentence), "{name}: {told}");
        }
    };
    told("nothing.csv", b"", &["The file is empty."]);
    told(
        "book.xlsx",
        b"PK\x03\x04 and so on, and so on",
        &["The workbook is damaged"],
    );
    told("one.csv", b"model\nmine\nyours\n", &["one column only"]);
    told(
        "cut.parquet",
        b"PAR1 and then nothing more of it",
        &["The Parquet file ends too early"],
    );
    // Good rows stay, with byte order mark and CRLF; bad ones are named by their line.
    let rows = format!(
        "{KNOWN}own,comparison,,f,clip,x,mine,cosine,,,NaN,imagenet1k,acc1,0.5\nown,too,few\n"
    );
    let rows = format!("\u{feff}{}", rows.replace('\n', "\r\n"));
    told(
        "rows.csv",
        rows.as_bytes(),
        &[
            "Imported 6 of 7 rows",
            "1 run kept without compute",
            "line 8: has 3 columns where the header has 14",
        ],
    );
    // Equal runs would not count twice.
    let whole = gzip(KNOWN.replace(",mine,", ",whole,").as_bytes());
    told(
        "whole.csv.gz",
        &whole,
        &["Imported 5 of 5 rows", "CSV, gzip"],
    );
    let long = format!(
        "{KNOWN}{}",
        "own,comparison,,g,clip,x,mine,cosine,,,1e9,imagenet1k,acc1,0.5\n".repeat(5000)
    );
    let long = gzip(long.as_bytes());
    told(
        "cut.csv.gz",
        &long[..long.len() - 30],
        &["The gzip is cut off or damaged after line"],
    );
    let bomb = gzip(
        &[
            KNOWN.replace(",mine,", ",bomb,").as_bytes(),
            &vec![b'\n'; 80 << 20],
        ]
        .concat(),
    );
    told(
        "bomb.csv.gz",
        &bomb,
        &[
            "unpacks to more than 200 times its size",
            "Imported 5 of 5 rows",
        ],
    );
    stored(&page, 4);
    page.screenshot("yours-bad-light", 1280, 1400, false);
}

/// A table of three columns, packed with Snappy.
fn parquet() -> Vec<u8> {
    let schema = "message m { REQUIRED BYTE_ARRAY model (UTF8); REQUIRED DOUBLE flops; REQUIRED DOUBLE acc1; }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(Codec::SNAPPY);
    let properties = Arc::new(properties.build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let names: Vec<ByteArray> = (0..40).map(|_| ByteArray::from("mine")).collect();
    let flops: Vec<f64> = (0..40).map(|i| 1e17 * 1.3f64.powi(i)).collect();
    let scores: Vec<f64> = (0..40).map(|i| 0.1 + 0.01 * f64::from(i)).collect();
    let mut column = group.next_column().expect("no error").expect("model");
    let typed = column.typed::<ByteArrayType>();
    typed.write_batch(&names, None, None).expect("names");
    column.close().expect("model");
    for values in [flops, scores] {
        let mut column = group.next_column().expect("no error").expect("numbers");
        let typed = column.typed::<DoubleType>();
        typed.write_batch(&values, None, None).expect("numbers");
        column.close().expect("numbers");
    }
    group.close().expect("a group");
    writer.into_inner().expect("the file")
}

#[test]
fn parquet_is_read_by_a_program_of_its_own() {
    let page = Page::builder().before_load(NO_WORKER).open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    assert!(page.requests().iter().all(|r| r.path != "parquet.js"));
    drop_bytes(&page, "mine.parquet", &parquet());
    let told = import_result(&page, "mine.parquet");
    assert!(told.contains("This is what they are taken for"), "{told}");
    page.click(".mapping button[type=submit]");
    page.wait_for_text("Imported 40 of 40 rows with 40 results");
    let told = import_result(&page, "mine.parquet");
    assert!(told.contains("Parquet: a table of your own"), "{told}");
    stored(&page, 1);
}

/// A workbook with a sheet of notes, and under a title the table that needs no mapping.
fn workbook() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let notes = book.add_worksheet().set_name("Notes").expect("a name");
    notes.write(0, 0, "Ask before you cite.").expect("a cell");
    let sheet = book.add_worksheet().set_name("Runs").expect("a name");
    sheet.write(0, 1, "Runs of May").expect("a cell");
    for (row, line) in (2..).zip(KNOWN.lines()) {
        for (column, cell) in (1..).zip(line.split(',')) {
            match cell.parse::<f64>() {
                Ok(x) => sheet.write(row, column, x).expect("a cell"),
                Err(_) => sheet.write(row, column, cell).expect("a cell"),
            };
        }
    }
    // No fraction, in the sheet's eighth row.
    sheet.write(7, 14, 1.5).expect("a cell");
    book.save_to_buffer().expect("the file")
}

#[test]
fn a_workbook_is_read_by_a_program_of_its_own() {
    let page = Page::builder().before_load(NO_WORKER).open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    drop_bytes(&page, "mine.xlsx", &workbook());
    let told = import_result(&page, "mine.xlsx");
    for sentence in [
        "Imported 4 of 5 rows with 4 results",
        "Excel workbook",
        "Sheet “Runs” is read; “Notes” is not.",
        "The row above the header is not read: “Runs of May”.",
        "row 8, column value: 1.5 is not a fraction from 0 to 1",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    stored(&page, 1);
    let loaded = |name: &str| page.requests().iter().any(|r| r.path == name);
    assert!(loaded("workbook.js") && !loaded("parquet.js"));
    page.screenshot("yours-workbook-light", 1280, 900, false);
}

/// CLIP_benchmark's file of a checkpoint and a set.
fn benchmark(checkpoint: &str, set: &str, accuracy: f64) -> String {
    json!({
        "dataset": format!("wds/{set}"), "model": "ViT-B-32", "pretrained": checkpoint,
        "task": "zeroshot_classification", "metrics": {"acc1": accuracy}, "language": "en",
    })
    .to_string()
}

#[test]
fn a_folder_of_results_is_one_table() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("results");
    std::fs::create_dir_all(folder.join("inner")).expect("a folder");
    let file = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    file("a.json", &benchmark("laion400m_e32", "imagenet1k", 0.5));
    file("b.json", &benchmark("laion2b_s34b_b79k", "imagenet1k", 0.6));
    file(
        "inner/c.json",
        &benchmark("laion2b_s34b_b79k", "imagenetv2", 0.4),
    );
    file("inner/notes.txt", "Ask before you cite.");
    file("inner/torn.json", "{\"dataset\": \"imagenet1k\", ");
    let page = Page::builder().before_load(NO_WORKER).open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    page.drop_paths(&[&folder]);
    let told = import_result(&page, "results");
    for sentence in [
        "Imported 3 of 3 rows with 3 results",
        "3 JSON files are read as one table.",
        "Not JSON inside: results/inner/torn.json.",
        "Not read, as they are no JSON files: results/inner/notes.txt.",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    stored(&page, 1);
    page.screenshot("yours-folder-light", 1280, 900, false);
}

#[test]
fn chosen_files_of_one_shape_are_one_table() {
    let page = Page::builder().before_load(NO_WORKER).open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    let files: Vec<Value> = [("laion400m_e32", 0.5), ("laion2b_s34b_b79k", 0.6)]
        .into_iter()
        .map(|(checkpoint, x)| {
            json!([
                format!("{checkpoint}.json"),
                benchmark(checkpoint, "imagenet1k", x)
            ])
        })
        .chain([
            json!(["mine.json", "[{\"source\": \"none of its shape\"}]"]),
            json!(["known.csv", KNOWN]),
        ])
        .collect();
    page.eval(&format!(
        "(() => {{ const data = new DataTransfer(); \
           for (const [name, text] of {}) data.items.add(new File([text], name)); \
           const input = document.querySelector('input[type=file][multiple]'); \
           input.files = data.files; \
           input.dispatchEvent(new Event('change', {{bubbles: true}})); }})()",
        json!(files)
    ));
    let told = import_result(&page, "laion2b_s34b_b79k.json and 1 more");
    for sentence in [
        "Imported 2 of 2 rows with 2 results",
        "2 JSON files are read as one table.",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    let told = import_result(&page, "known.csv");
    assert!(told.contains("Imported 5 of 5 rows"), "{told}");
    import_result(&page, "mine.json");
    stored(&page, 2);
}

/// Columns of the released sweep, and runs of every kind that its rules tell apart.
fn sweep(rows: usize) -> Vec<u8> {
    let mut text = "model_simple,name,model,pretrain_dataset,downstream_dataset,epoch,samples_seen,gflops,total_epochs,global_batch_size,warmup,lr_scheduler,eval_type,acc1,gflops_total,total_samples_seen\n".to_owned();
    for i in 0..rows {
        let (family, set) = [
            ("clip", "datacomp_1b"),
            ("mammut", "datacomp_1b"),
            ("clip", "dfn"),
        ][i % 3];
        let step = (i / 3 % 40) as f64;
        let (compute, samples) = (1e8 * 2f64.powf(step / 3.0), 3e6 * 2f64.powf(step / 6.0));
        let accuracy = 0.9 - (compute / 1e7).powf(-0.2) - 0.001 * (i % 7) as f64;
        text += &format!(
            "ViT-B-32,run {i},{family},{set},imagenet1k,1,3e8,8,1,4096,1000,cosine,similarity,{accuracy:.5},{compute:.3e},{samples:.0}\n"
        );
    }
    gzip(text.as_bytes())
}

#[test]
fn the_full_sweep_is_fetched_stands_in_and_is_kept() {
    let body = sweep(1200);
    let size = format!("{:.1} KB.", body.len() as f64 / 1e3);
    let page = Page::builder()
        .serve("all_results.csv.gz", body.clone(), Manner::Whole)
        .serve("broken/all_results.csv.gz", body.clone(), Manner::Breaks)
        .serve("stuck/all_results.csv.gz", body, Manner::Hangs)
        .tolerate("404")
        .tolerate("net::ERR")
        .open("?page=yours");
    page.wait_for_text("The full sweep");
    let address = |path: &str| {
        page.set_value(
            "[name='address']",
            page.eval(&format!("new URL('{path}', document.baseURI).href"))
                .as_str()
                .expect("an address"),
        );
    };
    // The address is the study's own until it is changed.
    let own = page.eval("document.querySelector('[name=address]').value");
    assert!(
        own.as_str()
            .is_some_and(|a| a.starts_with("https://raw.githubusercontent.com/LAION-AI/")),
        "{own}"
    );
    address("nowhere/all_results.csv.gz");
    button(&page, ".full-sweep", "Import the full sweep");
    page.wait_for_text("The host answered 404");
    address("broken/all_results.csv.gz");
    button(&page, ".full-sweep", "Import the full sweep");
    page.wait_for_text("The connection was lost after");
    address("stuck/all_results.csv.gz");
    button(&page, ".full-sweep", "Import the full sweep");
    page.wait_for("document.querySelector('.importing button')");
    page.wait_for("!document.querySelector('[data-progress]').innerText.startsWith('0 bytes')");
    page.click(".importing button");
    page.wait_for_text("Import cancelled. Nothing was stored.");
    stored(&page, 0);

    address("all_results.csv.gz");
    button(&page, ".full-sweep", "Check size");
    page.wait_for_text(&size);
    button(&page, ".full-sweep", "Import the full sweep");
    page.wait_for_text("Imported 1,200 of 1,200 rows with 1,200 results");
    stored(&page, 1);
    button(&page, "[data-file='all_results.csv.gz']", "Open in Explore");
    page.wait_for_text("1,200 results from all_results.csv.gz replace the bundled ones");
    // Its third series can be chosen, and is drawn.
    page.wait_for("document.querySelector('.controls').innerText.includes('dfn')");
    page.go("?v=2&pretrain=dfn&family=clip");
    page.wait_for("document.querySelector('.legend')?.innerText.includes('dfn')");
    page.screenshot("yours-sweep-light", 1280, 1000, false);
    // The address is remembered, the file kept: nothing is fetched again.
    page.go("?page=yours");
    stored(&page, 1);
    let fetched = |page: &Page| {
        page.requests()
            .iter()
            .filter(|r| r.path == "all_results.csv.gz")
            .count()
    };
    assert_eq!(fetched(&page), 2, "once for its size");
    assert!(
        page.eval("document.querySelector('[name=address]').value")
            .as_str()
            .is_some_and(|a| a.contains("127.0.0.1"))
    );
    // Verify has them, too, and says so.
    page.go("?page=verify");
    page.wait_for_text("Includes your data: 1,200 results from all_results.csv.gz replace");
    page.wait_for("document.querySelectorAll('tr[data-id]').length > 500");
}

#[test]
fn a_large_file_is_read_in_pieces_and_can_be_stopped() {
    let watch = "globalThis.longest = 0; new PerformanceObserver(list => { \
        for (const entry of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, entry.duration); \
    }).observe({type: 'longtask'});";
    let page = Page::builder()
        .before_load(watch)
        .patience(Duration::from_secs(120))
        .open("?page=yours");
    page.wait_for_text("Drop files anywhere");
    page.eval("globalThis.longest = 0");
    // Made in the page: 300,000 rows.
    let made = "new Blob([await (async () => { \
        const rows = ['model_simple,name,model,pretrain_dataset,downstream_dataset,epoch,samples_seen,gflops,total_epochs,global_batch_size,warmup,lr_scheduler,eval_type,acc1,gflops_total,total_samples_seen\\n']; \
        for (let i = 0; i < 300000; i++) rows.push(`ViT-B-32,run ${i % 6000},clip,datacomp_1b,set ${i % 50},1,3e8,8,1,4096,1000,cosine,similarity,${(i * 7919 % 100003) / 100003},${1e8 + i},300000000\\n`); \
        const blob = new Blob(rows); globalThis.longest = 0; \
        return new Response(blob.stream().pipeThrough(new CompressionStream('gzip'))).blob(); })()])";
    page.eval(&format!("(async () => {{ globalThis.large = {made}; }})()"));
    drop_made(&page, "large.csv.gz", "globalThis.large");
    page.wait_for("document.querySelector('.importing progress')?.value > 0");
    page.wait_for("document.querySelector('[data-progress]').innerText.includes(',')");
    page.screenshot("yours-reading-light", 1280, 900, false);
    page.click(".importing button");
    page.wait_for_text("Import cancelled. Nothing was stored.");
    page.eval("globalThis.longest = 0");
    drop_made(&page, "large.csv.gz", "globalThis.large");
    page.wait_for_text("Imported 300,000 of 300,000 rows with 300,000 results");
    stored(&page, 1);
    let longest = page.eval("globalThis.longest").as_f64().unwrap_or(0.0);
    // Printed, not compared with a bound: the machine may be busy.
    println!("300,000 rows: longest task {longest} ms");
}
