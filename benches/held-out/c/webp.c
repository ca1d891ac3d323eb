// WebP with loss: prediction, transforms of 4 by 4 pixels, a Boolean coder, filters.

#include <stdlib.h>

#include "common.h"
#include "webp/decode.h"
#include "webp/encode.h"

int64_t run(int32_t n) {
    uint64_t sum = 1, random = 0x3eb;
    int width = 96, height = n < 8 ? 8 : n;
    uint8_t *pixels = malloc((size_t)(width * height * 3)), *file = NULL;
    for (int at = 0; at < width * height * 3; at++)
        pixels[at] = (uint8_t)((at / 3 % width) * (at / 900) / 4 + at % 3 * 40 + (int)below(&random, 12));
    for (int quality = 40; quality <= 90; quality += 50) {
        size_t size = WebPEncodeRGB(pixels, width, height, width * 3, (float)quality, &file);
        add_bytes(&sum, file, size);
        int restored_width, restored_height;
        uint8_t *restored = WebPDecodeRGB(file, size, &restored_width, &restored_height);
        if (!restored) __builtin_trap();
        add_bytes(&sum, restored, (size_t)(width * height * 3));
        WebPFree(file), WebPFree(restored);
    }
    free(pixels);
    return (int64_t)sum;
}
