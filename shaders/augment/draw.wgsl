// One row of `transforms` per image: its augmentation in this epoch. src/kernels/augment.ts names the words.
//
// Every number is a hash of (seed, stream, epoch, key), where the key is the image's entry in the epoch's permutation:
// the same image for any batch size, device and number of steps per submit.
//
//   M = rotation · shift · zoom maps output to input about the centre (Keras):
//   in_y = cos·(zoom_y·(y − cy) + shift_y) − sin·(zoom_x·(x − cx) + shift_x) + cy
//   in_x = sin·(zoom_y·(y − cy) + shift_y) + cos·(zoom_x·(x − cx) + shift_x) + cx
// A flip comes after it: y is H − 1 − y, x is W − 1 − x. Written as in_y = m0·y + m1·x + m2, in_x = m3·y + m4·x + m5.
//
// Shapes: permutation [≥ epoch], the step's state → transforms [BATCH, 16]. One invocation draws one image's row.
const BATCH: u32 = 1; //! images
const HEIGHT: u32 = 28; //! pixels
const WIDTH: u32 = 28; //! pixels
const ROTATION: f32 = 0.0; //! radians, at most this far either way
const SHIFT_Y: f32 = 0.0; //! pixels, at most this far either way
const SHIFT_X: f32 = 0.0; //! pixels, at most this far either way
const ZOOM_LOW: f32 = 1.0; //! factors are drawn from here
const ZOOM_HIGH: f32 = 1.0; //! to here; above 1 shows more of the scene
const FLIP_Y: u32 = 0; //! 1: half of the images are turned upside down
const FLIP_X: u32 = 0; //! 1: half of the images are mirrored
const CROP: u32 = 0; //! pixels of padding around the image before it is cropped
const BRIGHTNESS: f32 = 0.0; //! factors are 1 ± this
const CONTRAST: f32 = 0.0; //! factors are 1 ± this
const ERASE: f32 = 0.0; //! the share of images with an erased rectangle
const ERASE_AREA_LOW: f32 = 0.02; //! of the image's area
const ERASE_AREA_HIGH: f32 = 0.4; //! of the image's area
const ERASE_ASPECT: f32 = 0.3; //! height over width is between this and its inverse
const AUGMENT_STREAM: u32 = 6; //! src/random.ts
const ERASE_STREAM: u32 = 7; //! src/random.ts
const WORKGROUP: u32 = 64; //! invocations per workgroup

//! include step_state/words

@group(0) @binding(0) var<storage, read> permutation: array<u32>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read_write> transforms: array<f32>;

//! include random/pcg4d

// The `round`-th four numbers in [0, 1) that an image draws from a stream.
fn draw(stream: u32, round: u32, key: u32) -> vec4f {
  let words = pcg4d(vec4u(state[SEED], stream | (round << 24u), state[EPOCH], key));
  return vec4f(uniform_from(words.x), uniform_from(words.y), uniform_from(words.z), uniform_from(words.w));
}

fn symmetric(u: f32, most: f32) -> f32 {
  return most * (2.0 * u - 1.0);
}

fn between(u: f32, low: f32, high: f32) -> f32 {
  return low + (high - low) * u;
}

// Sine and cosine of |angle| ≤ π by Taylor's series of a quarter of it, doubled twice: WGSL promises only 2^-11.
fn sine_cosine(angle: f32) -> vec2f {
  let t = 0.25 * angle;
  let t2 = t * t;
  var s = t * (1.0 - t2 / 6.0 * (1.0 - t2 / 20.0 * (1.0 - t2 / 42.0 * (1.0 - t2 / 72.0))));
  var c = 1.0 - t2 / 2.0 * (1.0 - t2 / 12.0 * (1.0 - t2 / 30.0 * (1.0 - t2 / 56.0 * (1.0 - t2 / 90.0))));
  for (var i = 0u; i < 2u; i++) {
    let doubled = 2.0 * s * c;
    c = 1.0 - 2.0 * s * s;
    s = doubled;
  }
  return vec2f(s, c);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let b = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (b >= BATCH) {
    return;
  }
  // Past the end of the epoch there is no image; any key will do.
  let key = permutation[min(state[CURSOR] + b, state[EPOCH_SIZE] - 1u)];
  let d0 = draw(AUGMENT_STREAM, 0u, key);
  let d1 = draw(AUGMENT_STREAM, 1u, key);
  let d2 = draw(AUGMENT_STREAM, 2u, key);
  let e0 = draw(ERASE_STREAM, 0u, key);
  let e1 = draw(ERASE_STREAM, 1u, key);

  let turn = sine_cosine(symmetric(d0.x, ROTATION));
  let shift = vec2f(symmetric(d0.y, SHIFT_Y), symmetric(d0.z, SHIFT_X));
  let zoom = vec2f(between(d0.w, ZOOM_LOW, ZOOM_HIGH), between(d1.x, ZOOM_LOW, ZOOM_HIGH));
  let centre = vec2f(f32(HEIGHT - 1u), f32(WIDTH - 1u)) / 2.0;
  // v = along · (y, x) + across: the coordinates after flip, zoom and shift, relative to the centre.
  let is_flipped = vec2<bool>(FLIP_Y == 1u && d1.y < 0.5, FLIP_X == 1u && d1.z < 0.5);
  let along = select(zoom, -zoom, is_flipped);
  let across = shift - along * centre;

  let base = b * 16u;
  transforms[base] = turn.y * along.x;
  transforms[base + 1u] = -turn.x * along.y;
  transforms[base + 2u] = turn.y * across.x - turn.x * across.y + centre.x;
  transforms[base + 3u] = turn.x * along.x;
  transforms[base + 4u] = turn.y * along.y;
  transforms[base + 5u] = turn.x * across.x + turn.y * across.y + centre.y;
  transforms[base + 6u] = floor(d1.w * f32(2u * CROP + 1u)) - f32(CROP);
  transforms[base + 7u] = floor(d2.x * f32(2u * CROP + 1u)) - f32(CROP);
  transforms[base + 8u] = 1.0 + symmetric(d2.y, BRIGHTNESS);
  transforms[base + 9u] = 1.0 + symmetric(d2.z, CONTRAST);

  let area = between(e0.y, ERASE_AREA_LOW, ERASE_AREA_HIGH) * f32(HEIGHT * WIDTH);
  let aspect = between(e0.z, ERASE_ASPECT, 1.0 / ERASE_ASPECT);
  let height = min(floor(sqrt(area * aspect) + 0.5), f32(HEIGHT));
  let width = min(floor(sqrt(area / aspect) + 0.5), f32(WIDTH));
  transforms[base + 10u] = floor(e0.w * (f32(HEIGHT) - height + 1.0));
  transforms[base + 11u] = floor(e1.x * (f32(WIDTH) - width + 1.0));
  transforms[base + 12u] = select(0.0, height, e0.x < ERASE);
  transforms[base + 13u] = width;
  transforms[base + 14u] = e1.y;
  transforms[base + 15u] = 0.0;
}
