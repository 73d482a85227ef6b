/* SPDX-License-Identifier: BSD-3-Clause */
/* The file holds a random key, then the words. */
#include "base/shared_words.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/shared_file.h"
#include "base/token.h"

/* 65,536 words of 8 bytes: 512 KiB */
#define WORDS 65536

/* The file. */
struct sf_shared_words {
	uint8_t key[SF_HASH_KEY_SIZE];
	_Atomic uint64_t words[WORDS];
};

static bool write_key(int fd)
{
	struct sf_token key[2];

	_Static_assert(sizeof(key) >= SF_HASH_KEY_SIZE, "the key is random");
	sf_token_generate(&key[0]);
	sf_token_generate(&key[1]);
	return pwrite(fd, key, SF_HASH_KEY_SIZE, 0) == SF_HASH_KEY_SIZE;
}

enum sf_err sf_shared_words_open(const struct sf_config *config,
	const char *name, struct sf_shared_words **out)
{
	const struct sf_shared_file file = { name,
		sizeof(struct sf_shared_words), write_key };
	void *memory = NULL;
	enum sf_err err = sf_shared_file_map(config, &file, &memory);

	*out = memory;
	return err;
}

void sf_shared_words_free(struct sf_shared_words *words)
{
	if (words)
		(void)munmap(words, sizeof(*words));
}

_Atomic uint64_t *sf_shared_words_find(
	struct sf_shared_words *words, const void *data, size_t size)
{
	return &words->words[sf_hash_keyed(words->key, data, size) % WORDS];
}
