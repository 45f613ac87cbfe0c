//! `refit index` of a table that has the images, too, beside a folder of the same images.

use super::pairs::{fresh, index, reference, rows, text};
use refit_pairs::records::{PairColumns, Purpose, Records, choose};

#[test]
fn a_table_with_images_is_embedded_as_a_folder_of_them() {
    let (folder, of_folder, of_table) = (
        fresh("brought-images"),
        fresh("of-brought-images"),
        fresh("of-brought-table"),
    );
    let table = reference("img2dataset.parquet");
    let bytes = std::fs::read(&table).unwrap();
    let records = Records::open(&bytes).unwrap();
    let names = records.columns();
    let first = [Purpose::Picture, Purpose::Text].map(|p| choose(&names, p, None).unwrap());
    let columns = PairColumns::new(&records, first);
    let read = records.read(columns.places(), None, &mut |row, cells| {
        for pair in columns.pairs(row, cells).into_iter().flatten() {
            // A decoder knows the format by the bytes.
            std::fs::write(
                folder.join(format!("{}.jpg", pair.key)),
                &pair.picture.bytes,
            )
            .unwrap();
            std::fs::write(folder.join(format!("{}.caption", pair.key)), &pair.text).unwrap();
        }
        true
    });
    read.unwrap();
    let told = index(&table, &of_table, &[]);
    assert_eq!(told["pairs"], 4, "{told}");
    assert!(
        told["problems"]
            .to_string()
            .contains("row 5: it names no picture"),
        "{told}"
    );
    assert_eq!(index(text(&folder), &of_folder, &[])["pairs"], 4);
    let vectors =
        |index: &std::path::Path| std::fs::read(index.join("img_emb/img_emb_0000.npy")).unwrap();
    assert_eq!(vectors(&of_table), vectors(&of_folder));
    let captions = |index: &std::path::Path| -> Vec<String> {
        rows(index)
            .iter()
            .map(|row| row["caption"].to_string())
            .collect()
    };
    assert_eq!(captions(&of_table), captions(&of_folder));
}
