"use strict";

/** Shapes of vectors: the first letter is the notation, then the bits and the number of lanes. */
const SHAPES = ["i8x16", "u8x16", "x8x16", "i16x8", "u16x8", "x16x8", "i32x4", "u32x4", "x32x4",
  "i64x2", "u64x2", "x64x2", "f32x4", "f64x2"];

/** Formats a float, given by its bits, with the fewest digits that identify it. */
function floatText(bits, width) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits << BigInt(64 - width));
  const number = width === 32 ? view.getFloat32(0) : view.getFloat64(0);
  if (Number.isNaN(number)) {
    const fraction = BigInt(width === 32 ? 23 : 52), payload = bits & ((1n << fraction) - 1n);
    if (payload === 1n << (fraction - 1n)) return "NaN";
    return `${bits >> BigInt(width - 1) ? "-" : ""}nan:${hex(payload)}`;
  }
  if (!Number.isFinite(number)) return number < 0 ? "-inf" : "inf";
  if (Object.is(number, -0)) return "-0";
  if (width === 64) return String(number).replace("e+", "e");
  let text = "";
  for (let digits = 1; digits <= 9; digits++) {
    text = String(Number(number.toPrecision(digits)));
    if (Math.fround(Number(text)) === number) break;
  }
  return text.replace("e+", "e");
}

/** Formats a vector, given by 32 hexadecimal digits, as lanes of a shape. */
function lanesText(digits, shape) {
  const [width, count] = shape.slice(1).split("x").map(Number), all = BigInt("0x" + digits);
  const lanes = Array.from({ length: count }, (_, lane) => {
    const bits = BigInt.asUintN(width, all >> BigInt(lane * width));
    switch (shape[0]) {
      case "i": return String(BigInt.asIntN(width, bits));
      case "u": return String(bits);
      case "x": return hex(bits, width / 4);
      default: return floatText(bits, width);
    }
  });
  return `${shape.replace(/^[ux]/, "i")}:${lanes.join(",")}`;
}
