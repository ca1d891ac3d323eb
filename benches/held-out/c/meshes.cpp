// Meshes in C++: order of triangles for caches, simplification, coded buffers.

#include <math.h>
#include <vector>

#include "common.h"
#include "meshoptimizer.h"

extern "C" int64_t run(int32_t n) {
    uint64_t sum = 1, random = 0x3e5;
    const unsigned side = n < 4 ? 4 : unsigned(n);
    std::vector<float> places;
    std::vector<unsigned> indices;
    for (unsigned y = 0; y < side; y++)
        for (unsigned x = 0; x < side; x++) {
            places.push_back(float(x));
            places.push_back(float(y));
            places.push_back(sinf(float(x) * 0.3f) * cosf(float(y) * 0.2f) + float(below(&random, 100)) * 0.001f);
            if (x == 0 || y == 0) continue;
            const unsigned at = y * side + x;
            const unsigned corners[] = {at, at - 1, at - side, at - side, at - 1, at - side - 1};
            indices.insert(indices.end(), corners, corners + 6);
        }
    const size_t vertices = side * side;
    // Triangles in no order.
    for (size_t at = indices.size() / 3; at > 1; at--) {
        const size_t other = below(&random, uint32_t(at));
        for (int corner = 0; corner < 3; corner++) std::swap(indices[(at - 1) * 3 + corner], indices[other * 3 + corner]);
    }
    meshopt_optimizeVertexCache(indices.data(), indices.data(), indices.size(), vertices);
    meshopt_optimizeOverdraw(indices.data(), indices.data(), indices.size(), places.data(), vertices, 12, 1.05f);
    add_bytes(&sum, indices.data(), indices.size() * sizeof(unsigned));
    std::vector<unsigned> fewer(indices.size());
    const size_t count = meshopt_simplify(fewer.data(), indices.data(), indices.size(), places.data(), vertices, 12,
        indices.size() / 4, 0.1f, 0, nullptr);
    add_bytes(&sum, fewer.data(), count * sizeof(unsigned));
    std::vector<unsigned char> bytes(meshopt_encodeIndexBufferBound(indices.size(), vertices));
    bytes.resize(meshopt_encodeIndexBuffer(bytes.data(), bytes.size(), indices.data(), indices.size()));
    add_bytes(&sum, bytes.data(), bytes.size());
    std::vector<unsigned> restored(indices.size());
    if (meshopt_decodeIndexBuffer(restored.data(), restored.size(), 4, bytes.data(), bytes.size())) __builtin_trap();
    add_bytes(&sum, restored.data(), restored.size() * sizeof(unsigned));
    return int64_t(sum);
}
