// Matrix multiplication for software that stands in for a GPU, which has a processor's few cores to
// keep busy: C = A B + bias, then the epilogue. For GPUs: gemm_slices.wgsl.
//
// Buffers, parameters and epilogue: product.wgsl.
// Constants: BLOCKS, 1 or 2: a thread sums BLOCKS × BLOCKS blocks of 4 × 4, so that the side of a
// workgroup's tile is 32 or 64.
// Dispatch: [columns / side, rows / side] workgroups of 8 × 8 threads.
//
// In each round the threads load STEP columns of A's tile, transposed on the way, and STEP rows of
// B's tile into workgroup memory, where a vec4 is four rows of A or four columns of B. B is padded
// with zeros to whole tiles; A and C are not.

const THREADS = 64u;
const STEP = 32u / BLOCKS;
// A tile's side and a step, four by four.
const SIDE = 8u * BLOCKS;
const STEPS = STEP / 4u;
// One more than needed, so that threads that write a column of vec4s meet fewer in a bank.
const A_ROW = SIDE + 1u;
const A_TILE = STEP * A_ROW;
const B_TILE = STEP * SIDE;

var<workgroup> a_tile: array<vec4<T>, A_TILE>;
var<workgroup> b_tile: array<vec4<T>, B_TILE>;

fn store_block(block: Block, row: u32, column: u32) {
    store(row, column, block.row0);
    store(row + 1u, column, block.row1);
    store(row + 2u, column, block.row2);
    store(row + 3u, column, block.row3);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_row = 4u * SIDE * group.y;
    let first_column = SIDE * group.x;
    // The block of A that this thread brings.
    let a_row = thread / STEPS;
    let a_quad = thread % STEPS;
    // The block of C that it sums.
    let x = thread % 8u;
    let y = thread / 8u;
    var sums = Block();
    var right = Block();
    var below = Block();
    var across = Block();
    for (var start = 0u; start < shape.inner; start += STEPS) {
        let row = first_row + 4u * a_row;
        let quad = start + a_quad;
        let row0 = load(row, quad);
        let row1 = load(row + 1u, quad);
        let row2 = load(row + 2u, quad);
        let row3 = load(row + 3u, quad);
        // Nobody still reads the last round's tiles.
        workgroupBarrier();
        let turned = 4u * a_quad * A_ROW + a_row;
        a_tile[turned] = vec4<T>(row0.x, row1.x, row2.x, row3.x);
        a_tile[turned + A_ROW] = vec4<T>(row0.y, row1.y, row2.y, row3.y);
        a_tile[turned + 2u * A_ROW] = vec4<T>(row0.z, row1.z, row2.z, row3.z);
        a_tile[turned + 3u * A_ROW] = vec4<T>(row0.w, row1.w, row2.w, row3.w);
        for (var i = thread; i < B_TILE; i += THREADS) {
            b_tile[i] = b[(4u * start + i / SIDE) * shape.stride + first_column + i % SIDE];
        }
        workgroupBarrier();
        for (var k = 0u; k < STEP; k++) {
            let rows = vec4f(a_tile[k * A_ROW + y]);
            let columns = vec4f(b_tile[k * SIDE + x]);
            sums = add_products(sums, rows, columns);
            if BLOCKS == 2u {
                let more_rows = vec4f(a_tile[k * A_ROW + y + 8u]);
                let more_columns = vec4f(b_tile[k * SIDE + x + 8u]);
                right = add_products(right, rows, more_columns);
                below = add_products(below, more_rows, columns);
                across = add_products(across, more_rows, more_columns);
            }
        }
    }
    let row = first_row + 4u * y;
    let column = first_column + x;
    store_block(sums, row, column);
    if BLOCKS == 2u {
        store_block(right, row, column + 8u);
        store_block(below, row + 32u, column);
        store_block(across, row + 32u, column + 8u);
    }
}
