/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A keyed hash. While the key is secret, nobody can tell from a hash which
 * bytes it belongs to, or choose bytes that collide.
 */
#ifndef SF_HASH_H
#define SF_HASH_H

#include "base/banned.h"

#include <stdint.h>

#define SF_HASH_KEY_SIZE 16

/* SipHash-2-4 (Aumasson and Bernstein, 2012): 64 bits of any bytes. */
uint64_t sf_hash_keyed(
	const uint8_t key[SF_HASH_KEY_SIZE], const void *data, size_t size);

#endif
