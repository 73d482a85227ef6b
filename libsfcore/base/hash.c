/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4, from the description in the paper that hash.h names. */
#include "base/hash.h"

static uint64_t rotate_left(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t load_little_endian(const uint8_t *bytes, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

static void run_rounds(uint64_t v[4], int rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate_left(v[1], 13) ^ v[0];
		v[3] = rotate_left(v[3], 16) ^ v[2];
		v[0] = rotate_left(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = rotate_left(v[3], 21) ^ v[0];
		v[1] = rotate_left(v[1], 17) ^ v[2];
		v[2] = rotate_left(v[2], 32);
	}
}

static void absorb_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	run_rounds(v, 2);
	v[0] ^= word;
}

uint64_t sf_hash_keyed(
	const uint8_t key[SF_HASH_KEY_SIZE], const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t k0 = load_little_endian(key, 8);
	uint64_t k1 = load_little_endian(key + 8, 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	size_t whole = size / 8 * 8;

	for (size_t i = 0; i < whole; i += 8)
		absorb_word(v, load_little_endian(bytes + i, 8));
	absorb_word(v, load_little_endian(bytes + whole, size - whole) |
			       (uint64_t)size << 56);
	v[2] ^= 0xff;
	run_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
