"""Writes openpyxl.xlsx and pandas.xlsx, which tests/native/runs/workbooks.rs reads.

pip install openpyxl==3.1.5 pandas==3.1.1
"""

from datetime import date

import pandas
from openpyxl import Workbook

book = Workbook()
notes = book.active
notes.title = "Notes"
notes["A1"] = "Zero-shot accuracies; see the second sheet."
runs = book.create_sheet("Runs")
runs["B2"] = "Results of May"
runs.merge_cells("B2:F2")
for column, text in zip("DE", ["ImageNet", None]):
    runs[f"{column}3"] = text
runs.merge_cells("D3:E3")
for column, text in zip("BCDEFG", ["model", "GFLOPs\n(run)", "acc1", "acc5", "finished", "ratio"]):
    runs[f"{column}4"] = text
rows = [
    ("ViT-B-32", 1e8, 0.57, 0.8, date(2024, 5, 1)),
    (None, 1e9, 0.63, 0.85, date(2024, 5, 2)),
    ("ViT-L-14", 1e10, 0.7, "#N/A", date(2024, 5, 3)),
]
for number, row in enumerate(rows, 5):
    for column, value in zip("BCDEF", row):
        runs[f"{column}{number}"] = value
    runs[f"D{number}"].number_format = "0.0%"
    # openpyxl stores no value.
    runs[f"G{number}"] = f"=D{number}/E{number}"
runs.merge_cells("B5:B6")
book.save("openpyxl.xlsx")

frame = pandas.DataFrame(
    {("", "gflops"): [1e8, 1e9], ("imagenet1k", "acc1"): [0.5, 0.625], ("imagenet1k", "acc5"): [0.75, 0.875]}
)
with pandas.ExcelWriter("pandas.xlsx", engine="openpyxl") as writer:
    frame.droplevel(0, axis=1).to_excel(writer, sheet_name="plain", index=False)
    frame.droplevel(0, axis=1).to_excel(writer, sheet_name="index")
    frame.to_excel(writer, sheet_name="levels")
