/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fill COUNT AGE_SECONDS: puts COUNT drafts that were created AGE_SECONDS ago
 * into the store. The API could create them only now, and much more slowly.
 */
#include "chat/desk.h"

static enum sf_err insert_one(struct sf_store *store, int64_t created_ms)
{
	struct sf_chat draft;
	enum sf_err err;

	sf_chat_init(&draft, created_ms);
	err = sf_store_insert(store, &draft);
	sf_chat_release(&draft);
	return err;
}

int main(int argc, char **argv)
{
	struct sf_config config;
	struct sf_detail detail;
	struct sf_store *store;
	enum sf_err err = SF_OK;
	int64_t created_ms;

	if (argc != 3 || sf_config_load(&config, &detail) != SF_OK ||
		sf_store_open(&config, &store) != SF_OK) {
		(void)fputs("usage: fill COUNT AGE_SECONDS\n", stderr);
		return 2;
	}
	created_ms = sf_desk_now() - strtoll(argv[2], NULL, 10) * 1000;
	for (int64_t i = strtoll(argv[1], NULL, 10); !err && i > 0; i--)
		err = insert_one(store, created_ms);
	sf_store_free(store);
	return err ? 1 : 0;
}
