// Multi-head attention, fused: softmax(Q Kᵀ / √head) V of one head of one sequence for 32 queries a
// workgroup, without storing the scores.
//
// Buffers: qkv [sequences·tokens, 3·width], out [sequences·tokens, width]; width = 4·quads.
// Constants: QUADS, a head's width divided by four, at most 32.
// Dispatch: [tokens / 32, heads, sequences] workgroups of 8 × 8 threads.
//
// Keys are loaded 32 at a time, and softmax's maximum and sum are updated as they come, so that a
// sequence may have any length. A thread holds a block of 4 queries × 4 keys of the scores, and of
// the result 4 queries × every eighth vec4 of the head.

struct Shape {
    tokens: u32,
    // Columns of the result, four by four.
    quads: u32,
    is_causal: u32,
}

const THREADS = 64u;
// Rows of 32 queries or keys, and one more vec4 against threads that meet in a bank.
const ROW = 9u;
// Columns of a head that come at a time, and keys whose values do.
const STEP = 16u;
// Queries beside keys, later values.
const TILE = max(2u * STEP * ROW, STEP * QUADS);
const SCALE = 1.0 / sqrt(4.0 * f32(QUADS));
// Below every score, yet finite, so that differences are.
const LOWEST = -1e30;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4<T>>;

var<workgroup> tile: array<vec4<T>, TILE>;
// Of each key the weights for 32 queries.
var<workgroup> weights: array<vec4f, 32u * ROW>;
// Of each thread something for its four queries.
var<workgroup> shared_rows: array<vec4f, THREADS>;

// Brings 4 × 4 numbers of the queries or keys from `row` on, turned.
fn load(origin: u32, row: u32, quad: u32, to: u32) {
    var values = array<vec4<T>, 4>();
    for (var i = 0u; i < 4u; i++) {
        // Rows beyond the last are the last; what comes of them is masked or never stored.
        let token = min(row + i, shape.tokens - 1u);
        if quad < QUADS {
            values[i] = qkv[origin + token * 3u * shape.quads + quad];
        }
    }
    tile[to] = vec4<T>(values[0].x, values[1].x, values[2].x, values[3].x);
    tile[to + ROW] = vec4<T>(values[0].y, values[1].y, values[2].y, values[3].y);
    tile[to + 2u * ROW] = vec4<T>(values[0].z, values[1].z, values[2].z, values[3].z);
    tile[to + 3u * ROW] = vec4<T>(values[0].w, values[1].w, values[2].w, values[3].w);
}

// Scores of four queries with the key at `column` of a block, masked.
fn masked(scores: vec4f, key: u32, query: u32) -> vec4f {
    let queries = vec4u(query, query + 1u, query + 2u, query + 3u);
    let hidden = vec4<bool>(key >= shape.tokens)
        | (vec4<bool>(shape.is_causal != 0u) & (vec4u(key) > queries));
    return select(scores * SCALE, vec4f(LOWEST), hidden);
}

fn scale_rows(block: Block, factors: vec4f) -> Block {
    return Block(
        block.row0 * factors.x,
        block.row1 * factors.y,
        block.row2 * factors.z,
        block.row3 * factors.w,
    );
}

fn store(block: Block, start: u32, token: u32, quad: u32) {
    if quad >= QUADS {
        return;
    }
    let at = start + token * shape.quads + quad;
    if token < shape.tokens {
        out[at] = vec4<T>(block.row0);
    }
    if token + 1u < shape.tokens {
        out[at + shape.quads] = vec4<T>(block.row1);
    }
    if token + 2u < shape.tokens {
        out[at + 2u * shape.quads] = vec4<T>(block.row2);
    }
    if token + 3u < shape.tokens {
        out[at + 3u * shape.quads] = vec4<T>(block.row3);
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_query = 32u * group.x;
    let head = group.y * QUADS;
    let sequence = group.z * shape.tokens;
    let origin = sequence * 3u * shape.quads + head;
    let x = thread % 8u;
    let y = thread / 8u;
    let query = first_query + 4u * y;
    // The first half of the threads brings queries, the second keys.
    let half = thread / 32u;
    let load_row = thread % 32u / 4u;
    let load_quad = thread % 4u;
    let load_to = half * STEP * ROW + 4u * load_quad * ROW + load_row;

    var highest = vec4f(LOWEST);
    var sums = vec4f();
    var out0 = Block();
    var out1 = Block();
    var out2 = Block();
    var out3 = Block();
    let keys = select(shape.tokens, min(shape.tokens, first_query + 32u), shape.is_causal != 0u);
    for (var first_key = 0u; first_key < keys; first_key += 32u) {
        var scores = Block();
        let load_token = select(first_query, first_key, half == 1u) + 4u * load_row;
        for (var quad = 0u; quad < QUADS; quad += STEP / 4u) {
            workgroupBarrier();
            load(origin + half * shape.quads, load_token, quad + load_quad, load_to);
            workgroupBarrier();
            for (var k = 0u; k < STEP; k++) {
                let queries = vec4f(tile[k * ROW + y]);
                let block = vec4f(tile[(STEP + k) * ROW + x]);
                scores = add_products(scores, queries, block);
            }
        }

        // From here on a vec4 is four queries, each key's beside the next.
        let key = first_key + 4u * x;
        let turned = transpose(mat4x4f(scores.row0, scores.row1, scores.row2, scores.row3));
        var key0 = masked(turned[0], key, query);
        var key1 = masked(turned[1], key + 1u, query);
        var key2 = masked(turned[2], key + 2u, query);
        var key3 = masked(turned[3], key + 3u, query);
        shared_rows[thread] = max(max(key0, key1), max(key2, key3));
        workgroupBarrier();
        var higher = highest;
        for (var i = 0u; i < 8u; i++) {
            higher = max(higher, shared_rows[8u * y + i]);
        }
        let shrink = exp(highest - higher);
        highest = higher;
        key0 = exp(key0 - higher);
        key1 = exp(key1 - higher);
        key2 = exp(key2 - higher);
        key3 = exp(key3 - higher);
        sums = sums * shrink + ((key0 + key1) + (key2 + key3));
        weights[4u * x * ROW + y] = key0;
        weights[(4u * x + 1u) * ROW + y] = key1;
        weights[(4u * x + 2u) * ROW + y] = key2;
        weights[(4u * x + 3u) * ROW + y] = key3;
        out0 = scale_rows(out0, shrink);
        out1 = scale_rows(out1, shrink);
        out2 = scale_rows(out2, shrink);
        out3 = scale_rows(out3, shrink);

        for (var first = 0u; first < 32u; first += STEP) {
            workgroupBarrier();
            for (var i = thread; i < STEP * QUADS; i += THREADS) {
                let token = min(first_key + first + i / QUADS, shape.tokens - 1u);
                tile[i] = qkv[origin + (3u * token + 2u) * shape.quads + i % QUADS];
            }
            workgroupBarrier();
            for (var k = 0u; k < STEP; k++) {
                let rows = weights[(first + k) * ROW + y];
                // Beyond the head's last vec4 anything will do: it is not stored.
                let values = k * QUADS + x;
                out0 = add_products(out0, rows, vec4f(tile[min(values, TILE - 1u)]));
                if QUADS > 8u {
                    out1 = add_products(out1, rows, vec4f(tile[min(values + 8u, TILE - 1u)]));
                }
                if QUADS > 16u {
                    out2 = add_products(out2, rows, vec4f(tile[min(values + 16u, TILE - 1u)]));
                }
                if QUADS > 24u {
                    out3 = add_products(out3, rows, vec4f(tile[min(values + 24u, TILE - 1u)]));
                }
            }
        }
    }

    workgroupBarrier();
    shared_rows[thread] = sums;
    workgroupBarrier();
    var total = vec4f();
    for (var i = 0u; i < 8u; i++) {
        total += shared_rows[8u * y + i];
    }
    let share = 1.0 / total;
    let start = sequence * shape.quads + head;
    store(scale_rows(out0, share), start, query, x);
    store(scale_rows(out1, share), start, query, x + 8u);
    store(scale_rows(out2, share), start, query, x + 16u);
    store(scale_rows(out3, share), start, query, x + 24u);
}
