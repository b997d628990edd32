//! Photos as people send them, painted from a seed: codes on paper before something else, turned, seen from the side, out of focus, in bad light,
//! with a sensor's noise, packed as JPEG. What was painted is told with each.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage, imageops};
use qrcode::{Color, EcLevel, QrCode};
use std::f64::consts::TAU;

pub(crate) const WIDTH: u32 = 1_200;
pub(crate) const HEIGHT: u32 = 900;

/// One photo.
pub(crate) struct Photo {
    pub(crate) jpeg: Vec<u8>,
    /// The texts of its codes.
    pub(crate) texts: Vec<String>,
    /// What makes it hard.
    pub(crate) tags: Vec<&'static str>,
}

/// Numbers that are the same at every run (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| {
            dice.next();
        });
        dice
    }
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    /// `0.0..1.0`.
    fn part(&mut self) -> f64 {
        f64::from((self.next() >> 32) as u32) / 4_294_967_296.0
    }
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.part() * (high - low)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
    fn chance(&mut self, share: f64) -> bool {
        self.part() < share
    }
    /// Of a normal distribution, by the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.part()).sum::<f64>() - 6.0
    }
}

/// The `n`-th photo.
pub(crate) fn photo(n: u64) -> Photo {
    let mut dice = Dice::new(0x6a69_616e_7765_6900 + n);
    let mut tags = Vec::new();
    let mut canvas = background(&mut dice);
    let codes = [1, 1, 1, 1, 1, 1, 2, 2, 2, 3][dice.below(10) as usize];
    if codes > 1 {
        tags.push("several");
    }
    let tilted = dice.chance(0.6);
    if tilted {
        tags.push("perspective");
    }
    let mut texts = Vec::new();
    for k in 0..codes {
        let text = text(&mut dice, n, k);
        let cell = f64::from(WIDTH) / f64::from(codes);
        let most = cell.min(f64::from(HEIGHT)) * 0.62;
        let side = dice.between(190.0_f64.min(most), most.min(420.0));
        let slack = (cell - side * 1.5).max(0.0) / 2.0;
        let x = cell * (f64::from(k) + 0.5) + dice.between(-slack, slack);
        let y = f64::from(HEIGHT) / 2.0 + dice.between(-120.0, 120.0);
        let turn = dice.between(0.0, TAU);
        let tilt = if tilted { (dice.between(-0.6, 0.6), dice.between(-0.6, 0.6)) } else { (0.0, 0.0) };
        paste(&mut canvas, &text, &Pose { x, y, side, turn, tilt }, &mut dice);
        texts.push(text);
    }
    let blur = dice.between(0.3, 1.9);
    if blur > 1.2 {
        tags.push("blur");
    }
    let mut seen = imageops::fast_blur(&canvas, blur as f32);
    if dice.chance(0.15) {
        tags.push("motion");
        seen = moved(&seen, dice.between(2.0, 5.0), dice.between(0.0, TAU));
    }
    let dark = dice.chance(0.3);
    if dark {
        tags.push("dark");
    }
    let level = if dark { dice.between(0.14, 0.35) } else { dice.between(0.7, 1.0) };
    let lamp = (dice.between(0.0, TAU), dice.between(0.0, 0.65));
    if lamp.1 > 0.4 {
        tags.push("shadow");
    }
    let noise = if dark { dice.between(3.0, 9.0) } else { dice.between(2.0, 14.0) };
    if noise > 8.0 || (dark && noise > 6.0) {
        tags.push("noise");
    }
    expose(&mut seen, level, lamp, noise, &mut dice);
    let mut jpeg = Vec::new();
    let quality = 55 + dice.below(40) as u8;
    JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&seen).expect("memory");
    texts.sort();
    Photo { jpeg, texts, tags }
}

fn text(dice: &mut Dice, n: u64, k: u32) -> String {
    let host = ["cx-mem-gov", "yjglb-chaxun", "zhengshu-cx.mem", "tzzy-query"][dice.below(4) as usize];
    let zone = ["top", "cn", "xyz", "com.cn"][dice.below(4) as usize];
    let path = ["", "/q", "/special/index", "/cert/detail/view.html"][dice.below(4) as usize];
    format!("http://{host}{n}.{zone}{path}?id=T{:018}{k}", dice.below(1_000_000_000_000_000_000))
}

/// A wall or a desk with things on it: areas, stripes, small print.
fn background(dice: &mut Dice) -> RgbImage {
    let mut tone = || [0, 1, 2].map(|_| dice.between(70.0, 235.0));
    let (one, other) = (tone(), tone());
    let mut canvas = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let t = (f64::from(x) / f64::from(WIDTH) + f64::from(y) / f64::from(HEIGHT)) / 2.0;
        Rgb([0, 1, 2].map(|c| (one[c] * (1.0 - t) + other[c] * t) as u8))
    });
    for _ in 0..dice.below(14) {
        let (w, h) = (dice.between(20.0, 500.0) as u32, dice.between(10.0, 300.0) as u32);
        let (x, y) = (dice.below(u64::from(WIDTH)) as u32, dice.below(u64::from(HEIGHT)) as u32);
        let colour = Rgb([0, 1, 2].map(|_| dice.between(20.0, 250.0) as u8));
        fill(&mut canvas, x, y, w, h, colour);
    }
    // Lines of print: short dark strokes of uneven width.
    for _ in 0..dice.below(10) {
        let (mut x, y) = (dice.between(0.0, 700.0) as u32, dice.below(u64::from(HEIGHT)) as u32);
        let size = dice.between(6.0, 22.0) as u32;
        for _ in 0..dice.below(30) {
            let w = 1 + dice.below(u64::from(size)) as u32;
            let tall = dice.below(2) as u32;
            fill(&mut canvas, x, y + tall * size / 3, w, size - tall * size / 3, Rgb([40, 40, 46]));
            x += w + 2 + dice.below(5) as u32;
        }
    }
    canvas
}

fn fill(canvas: &mut RgbImage, x: u32, y: u32, w: u32, h: u32, colour: Rgb<u8>) {
    for y in y..(y + h).min(HEIGHT) {
        for x in x..(x + w).min(WIDTH) {
            canvas.put_pixel(x, y, colour);
        }
    }
}

/// How a code lies before the camera: centre and side in pixels, angles in radians.
struct Pose {
    x: f64,
    y: f64,
    side: f64,
    turn: f64,
    tilt: (f64, f64),
}

/// Puts a code on its paper into the picture, each pixel the mean of nine.
fn paste(canvas: &mut RgbImage, text: &str, pose: &Pose, dice: &mut Dice) {
    let level = [EcLevel::L, EcLevel::M, EcLevel::M, EcLevel::Q][dice.below(4) as usize];
    let code = QrCode::with_error_correction_level(text, level).expect("short enough");
    let (modules, quiet) = (code.width() as f64, 4.0);
    let colours = code.to_colors();
    let (ink, paper) = (dice.between(5.0, 60.0), dice.between(205.0, 255.0));
    let whole = modules + 2.0 * quiet;
    let to_paper = map(pose, whole);
    let reach = pose.side * 1.1;
    let range = |centre: f64, most: u32| (centre - reach).max(0.0) as u32..((centre + reach).max(0.0) as u32).min(most);
    for y in range(pose.y, HEIGHT) {
        for x in range(pose.x, WIDTH) {
            let (mut sum, mut hits) = (0.0, 0.0);
            for sub in 0..9 {
                let (dx, dy) = (f64::from(sub % 3) / 3.0 + 1.0 / 6.0, f64::from(sub / 3) / 3.0 + 1.0 / 6.0);
                let Some((u, v)) = to_paper(f64::from(x) + dx, f64::from(y) + dy) else { continue };
                let (u, v) = (u - quiet, v - quiet);
                let inside = u >= 0.0 && v >= 0.0 && u < modules && v < modules;
                let dark = inside && colours[v as usize * code.width() + u as usize] == Color::Dark;
                sum += if dark { ink } else { paper };
                hits += 1.0;
            }
            if hits > 0.0 {
                let under = canvas.get_pixel(x, y).0.map(f64::from);
                canvas.put_pixel(x, y, Rgb(under.map(|c| ((c * (9.0 - hits) + sum) / 9.0) as u8)));
            }
        }
    }
}

/// From a point of the picture to one of the paper, in modules. `None`: beside the paper.
fn map(pose: &Pose, whole: f64) -> impl Fn(f64, f64) -> Option<(f64, f64)> {
    // The camera stands some three sides away; the paper is turned about its own axis, then tilted about two others.
    let (sin, cos) = pose.turn.sin_cos();
    let ((sa, ca), (sb, cb)) = (pose.tilt.0.sin_cos(), pose.tilt.1.sin_cos());
    let (u, v) =
        ([cos * cb, sin * ca + cos * sa * sb, sin * sa - cos * ca * sb], [-sin * cb, cos * ca - sin * sa * sb, cos * sa + sin * ca * sb]);
    let (far, x0, y0, side) = (3.0, pose.x, pose.y, pose.side);
    move |x, y| {
        // Point p*u + q*v on the plane whose picture is (x, y): two linear equations.
        let (px, py) = ((x - x0) / side / far, (y - y0) / side / far);
        let (a, b, c) = (u[0] - px * u[2], v[0] - px * v[2], px * far);
        let (d, e, f) = (u[1] - py * u[2], v[1] - py * v[2], py * far);
        let det = a * e - b * d;
        let (p, q) = ((c * e - b * f) / det, (a * f - c * d) / det);
        let (p, q) = ((p + 0.5) * whole, (q + 0.5) * whole);
        (p >= 0.0 && q >= 0.0 && p < whole && q < whole).then_some((p, q))
    }
}

/// The hand moved: the mean along a line.
fn moved(seen: &RgbImage, length: f64, angle: f64) -> RgbImage {
    let steps = 6;
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let mut sum = [0_u32; 3];
        for step in 0..steps {
            let t = (f64::from(step) / f64::from(steps - 1) - 0.5) * length;
            let at = |p: u32, d: f64, most: u32| (f64::from(p) + d * t).round().clamp(0.0, f64::from(most - 1)) as u32;
            let pixel = seen.get_pixel(at(x, angle.cos(), WIDTH), at(y, angle.sin(), HEIGHT)).0;
            (0..3).for_each(|c| sum[c] += u32::from(pixel[c]));
        }
        Rgb(sum.map(|s| (s / steps) as u8))
    })
}

/// Light from one side, the camera's level, noise of each pixel.
fn expose(seen: &mut RgbImage, level: f64, (from, shade): (f64, f64), noise: f64, dice: &mut Dice) {
    let (sin, cos) = from.sin_cos();
    for (x, y, pixel) in seen.enumerate_pixels_mut() {
        let t = (f64::from(x) / f64::from(WIDTH) - 0.5) * cos + (f64::from(y) / f64::from(HEIGHT) - 0.5) * sin;
        let light = level * (1.0 - shade * (t + 0.5).clamp(0.0, 1.0));
        let grain = dice.normal() * noise;
        pixel.0 = pixel.0.map(|c| (f64::from(c) * light + grain).clamp(0.0, 255.0) as u8);
    }
}

/// A photo without any code, to time.
pub(crate) fn without_code(n: u64) -> Vec<u8> {
    let mut dice = Dice::new(0x6e6f_6e65_0000_0000 + n);
    let mut canvas = background(&mut dice);
    let noise = dice.between(2.0, 14.0);
    expose(&mut canvas, 0.8, (1.0, 0.4), noise, &mut dice);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 80).encode_image(&canvas).expect("memory");
    jpeg
}
