/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4 against the test vectors of its authors. */
#include "base/hash.h"
#include "support.h"

/* Vector n is the hash of the n bytes 00 01 … under the key 00 01 … 0f. */
static const uint64_t vectors[] = {
	0x726fdb47dd0e0e31,
	0x74f839c593dc67fd,
	0x0d6c8009d9a94f5a,
	0x85676696d7fb7e2d,
	0xcf2794e0277187b7,
	0x18765564cd99a68d,
	0xcbc9466e58fee3ce,
	0xab0200f58b01d137,
	0x93f5f5799a932462,
	0x9e0082df0ba9e4b0,
	0x7a5dbbc594ddb9f3,
	0xf4b32f46226bada7,
	0x751e8fbc860ee5fb,
	0x14ea5627c0843d90,
	0xf723ca908e7af2ee,
	0xa129ca6149be45e5,
};

static void hashes_equal_the_vectors_of_the_authors(void **state)
{
	uint8_t bytes[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		bytes[i] = i;
	for (size_t size = 0; size < 16; size++)
		assert_int_equal(
			sf_hash_keyed(bytes, bytes, size), vectors[size]);
}

static void every_byte_of_the_key_changes_the_hash(void **state)
{
	uint8_t key[SF_HASH_KEY_SIZE] = { 0 };
	uint64_t first = sf_hash_keyed(key, "data", 4);

	(void)state;
	for (size_t i = 0; i < SF_HASH_KEY_SIZE; i++) {
		key[i] = 1;
		assert_int_not_equal(sf_hash_keyed(key, "data", 4), first);
		key[i] = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_equal_the_vectors_of_the_authors),
		cmocka_unit_test(every_byte_of_the_key_changes_the_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
