// Multi-head attention of single queries to listed rows of a KV cache.
//
// Buffers: queries [rows, stride] of which the first `width` columns are read, cache
// [capacity, 2·width] with a key and a value in each row, visible [rows, length] with row numbers or
// PADDING, out [rows, width]; width = 4·quads.
// Constants: QUADS, a head's width divided by four, at most 32.
// Dispatch: [rows, heads] workgroups of 64 threads; a workgroup loops if there are more rows.
//
// Keys are loaded 64 at a time, one by each thread, and softmax's maximum and sum are updated as
// they come. The head has fewer vec4s than there are threads: PARTS threads sum each, over every
// PARTS-th key, so that fewer loads wait for one another; their sums are added at the end.

const THREADS = 64u;
const PARTS = THREADS / QUADS;
const PADDING = 0xffffffffu;
const SCALE = 1.0 / sqrt(4.0 * f32(QUADS));
// Below every score, yet finite, so that differences are.
const LOWEST = -1e30;

struct Shape {
    rows: u32,
    // Columns of the result and of a row with a query, four by four.
    quads: u32,
    stride: u32,
    // Rows that a query names.
    length: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> cache: array<vec4<T>>;
@group(0) @binding(3) var<storage, read> visible: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<T>>;

var<workgroup> scores: array<f32, THREADS>;
var<workgroup> weights: array<f32, THREADS>;
var<workgroup> places: array<u32, THREADS>;
var<workgroup> results: array<vec4f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let head = group.y * QUADS;
    let quad = thread % QUADS;
    let part = thread / QUADS;
    for (var row = group.x; row < shape.rows; row += groups.x) {
        let query = row * shape.stride + head;
        var highest = LOWEST;
        var sum = 0.0;
        var result = vec4f();
        for (var first = 0u; first < shape.length; first += THREADS) {
            var score = LOWEST;
            var place = PADDING;
            if first + thread < shape.length {
                place = visible[row * shape.length + first + thread];
                if place != PADDING {
                    let key = place * 2u * shape.quads + head;
                    var product = 0.0;
                    for (var i = 0u; i < QUADS; i++) {
                        product += dot(vec4f(queries[query + i]), vec4f(cache[key + i]));
                    }
                    score = product * SCALE;
                }
            }
            // Whoever still reads the last scores is waited for.
            workgroupBarrier();
            scores[thread] = score;
            workgroupBarrier();
            var higher = highest;
            for (var i = 0u; i < THREADS; i++) {
                higher = max(higher, scores[i]);
            }
            let shrink = exp(highest - higher);
            highest = higher;
            weights[thread] = exp(score - higher);
            places[thread] = place;
            workgroupBarrier();
            sum *= shrink;
            result *= shrink;
            if part < PARTS {
                for (var i = part; i < min(THREADS, shape.length - first); i += PARTS) {
                    if places[i] != PADDING {
                        sum += weights[i];
                        let value = (2u * places[i] + 1u) * shape.quads + head + quad;
                        result += weights[i] * vec4f(cache[value]);
                    }
                }
            }
        }
        workgroupBarrier();
        results[thread] = result;
        weights[thread] = sum;
        workgroupBarrier();
        if part == 0u {
            for (var other = quad + QUADS; other < PARTS * QUADS; other += QUADS) {
                result += results[other];
                sum += weights[other];
            }
            out[row * shape.quads + head + quad] = vec4<T>(result / sum);
        }
    }
}
