// A block of 4 × 4 sums in registers, for gemm.wgsl and attention.wgsl.

struct Block {
    row0: vec4f,
    row1: vec4f,
    row2: vec4f,
    row3: vec4f,
}

// Adds the products of four rows and four columns.
fn add_products(sums: Block, rows: vec4f, columns: vec4f) -> Block {
    return Block(
        fma(vec4f(rows.x), columns, sums.row0),
        fma(vec4f(rows.y), columns, sums.row1),
        fma(vec4f(rows.z), columns, sums.row2),
        fma(vec4f(rows.w), columns, sums.row3),
    );
}
