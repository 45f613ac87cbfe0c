// Matrix multiplication on a GPU with many cores: C = A B + bias, then the epilogue.
//
// Buffers, parameters and epilogue: product.wgsl.
// Constants: BLOCKS, 1 or 2: a thread sums BLOCKS × BLOCKS blocks of 4 × 4. DOWN threads down and 8
// across make a tile; a workgroup has SLICES such teams for the same tile, each for its share of
// every STEP columns of A and rows of B that are brought in a round.
// Dispatch: [columns / side, rows / side] workgroups of DOWN·8·SLICES threads, at most 256.
//
// A picture's 50 tokens make too few blocks to keep a GPU's cores busy. Slices give each core more
// threads, so that one computes while others wait; their sums are added at the end, in the same order
// every time. While a round is computed, the next one's numbers are on their way into registers.
// In workgroup memory (16 KiB) a vec4 is four rows of A or four columns of B. It is float32 in either
// precision, as the sums are: float16 would only have to be widened again for each product.
// Tiles are chosen in gemm.rs, measured on an H100 (docs/benchmarks.md).

const ACROSS = 8u;
const PLACES = DOWN * ACROSS;
const THREADS = PLACES * SLICES;
const STEPS = STEP / 4u;
// A slice's share of a step.
const SHARE = STEP / SLICES;
// Vec4s of a tile's side.
const A_ROW = BLOCKS * DOWN;
const B_ROW = BLOCKS * ACROSS;
const A_TILE = STEP * A_ROW;
// A thread brings four vec4s: the first threads those of A, the next ones those of B.
const A_LOADERS = A_TILE / 4u;
const LOADERS = A_LOADERS + STEP * B_ROW / 4u;
const TILE = max(A_TILE + STEP * B_ROW, 4u * THREADS);

var<workgroup> tile: array<vec4f, TILE>;

struct Sums {
    block: Block,
    right: Block,
    below: Block,
    across: Block,
}

struct Four {
    value0: vec4<T>,
    value1: vec4<T>,
    value2: vec4<T>,
    value3: vec4<T>,
}

// What this thread brings of the round that begins at vec4 `start` of the inner dimension.
fn bring(thread: u32, start: u32, first_row: u32, first_column: u32) -> Four {
    if thread < A_LOADERS {
        let row = first_row + 4u * (thread / STEPS);
        let quad = start + thread % STEPS;
        return Four(
            load(row, quad),
            load(row + 1u, quad),
            load(row + 2u, quad),
            load(row + 3u, quad),
        );
    }
    if thread < LOADERS {
        let i = thread - A_LOADERS;
        let row = 4u * start + 4u * (i / B_ROW);
        let at = row * shape.stride + first_column + i % B_ROW;
        return Four(
            b[at],
            b[at + shape.stride],
            b[at + 2u * shape.stride],
            b[at + 3u * shape.stride],
        );
    }
    return Four();
}

// Where four rows of A are: rows are exchanged so that threads that turn neighbouring blocks meet in
// no bank.
fn place_a(k: u32, row: u32) -> u32 {
    return k * A_ROW + (row ^ (k / 4u % A_ROW));
}

fn keep(thread: u32, four: Four) {
    if thread < A_LOADERS {
        let k = 4u * (thread % STEPS);
        let at = place_a(k, thread / STEPS);
        let row0 = vec4f(four.value0);
        let row1 = vec4f(four.value1);
        let row2 = vec4f(four.value2);
        let row3 = vec4f(four.value3);
        tile[at] = vec4f(row0.x, row1.x, row2.x, row3.x);
        tile[at + A_ROW] = vec4f(row0.y, row1.y, row2.y, row3.y);
        tile[at + 2u * A_ROW] = vec4f(row0.z, row1.z, row2.z, row3.z);
        tile[at + 3u * A_ROW] = vec4f(row0.w, row1.w, row2.w, row3.w);
    } else if thread < LOADERS {
        let i = thread - A_LOADERS;
        let at = A_TILE + 4u * (i / B_ROW) * B_ROW + i % B_ROW;
        tile[at] = vec4f(four.value0);
        tile[at + B_ROW] = vec4f(four.value1);
        tile[at + 2u * B_ROW] = vec4f(four.value2);
        tile[at + 3u * B_ROW] = vec4f(four.value3);
    }
}

// Adds the products of one column of A and one row of B.
fn add(sums: ptr<function, Sums>, a_at: u32, more_a_at: u32, b_at: u32) {
    let rows = tile[a_at];
    let columns = tile[b_at];
    (*sums).block = add_products((*sums).block, rows, columns);
    if BLOCKS == 2u {
        let more_rows = tile[more_a_at];
        let more_columns = tile[b_at + ACROSS];
        (*sums).right = add_products((*sums).right, rows, more_columns);
        (*sums).below = add_products((*sums).below, more_rows, columns);
        (*sums).across = add_products((*sums).across, more_rows, more_columns);
    }
}

// Adds the slices' sums of a block and stores them.
fn store_block(block: Block, thread: u32, first_row: u32, first_column: u32) {
    let slice = thread / PLACES;
    let place = thread % PLACES;
    let at = 4u * slice * PLACES + place;
    workgroupBarrier();
    tile[at] = block.row0;
    tile[at + PLACES] = block.row1;
    tile[at + 2u * PLACES] = block.row2;
    tile[at + 3u * PLACES] = block.row3;
    workgroupBarrier();
    for (var i = thread; i < 4u * PLACES; i += THREADS) {
        var sum = tile[i];
        for (var slice = 1u; slice < SLICES; slice++) {
            sum += tile[4u * slice * PLACES + i];
        }
        let row = first_row + 4u * (i % PLACES / ACROSS) + i / PLACES;
        store(row, first_column + i % ACROSS, sum);
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_row = 4u * A_ROW * group.y;
    let first_column = B_ROW * group.x;
    let first_k = SHARE * (thread / PLACES);
    let x = thread % ACROSS;
    let y = thread % PLACES / ACROSS;
    var sums = Sums();
    var next = bring(thread, 0u, first_row, first_column);
    for (var start = 0u; start < shape.inner; start += STEPS) {
        // Nobody still reads the last round's tiles.
        workgroupBarrier();
        keep(thread, next);
        workgroupBarrier();
        if start + STEPS < shape.inner {
            next = bring(thread, start + STEPS, first_row, first_column);
        }
        // Four at a time, because browsers count the rounds of a loop, and drivers then unroll none.
        for (var k = first_k; k < first_k + SHARE; k += 4u) {
            let a_at = place_a(k, y);
            let more_a_at = place_a(k, y + DOWN * (BLOCKS - 1u));
            let b_at = A_TILE + k * B_ROW + x;
            add(&sums, a_at, more_a_at, b_at);
            add(&sums, a_at + A_ROW, more_a_at + A_ROW, b_at + B_ROW);
            add(&sums, a_at + 2u * A_ROW, more_a_at + 2u * A_ROW, b_at + 2u * B_ROW);
            add(&sums, a_at + 3u * A_ROW, more_a_at + 3u * A_ROW, b_at + 3u * B_ROW);
        }
    }
    store_block(sums.block, thread, first_row, first_column);
    if BLOCKS == 2u {
        let row = first_row + 4u * DOWN;
        let column = first_column + ACROSS;
        store_block(sums.right, thread, first_row, column);
        store_block(sums.below, thread, row, first_column);
        store_block(sums.across, thread, row, column);
    }
}
