/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fill CHATS PRINTED: puts CHATS chats that are ready and hold no message into
 * the store that the environment names. Prints PRINTED of them, evenly spread,
 * for the load generator: a line has the chat token, the creator's and the
 * joiner's user token.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model/chat.h"
#include "store/store.h"

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void print_chat(const struct sf_chat *chat)
{
	char token[SF_TOKEN_DIGITS + 1];
	char creator[SF_TOKEN_DIGITS + 1];
	char joiner[SF_TOKEN_DIGITS + 1];

	sf_token_format(&chat->id, token);
	sf_token_format(&chat->users[0], creator);
	sf_token_format(&chat->users[1], joiner);
	printf("%s %s %s\n", token, creator, joiner);
}

static enum sf_err store_chat(struct sf_store *store, bool print)
{
	struct sf_chat chat;
	struct sf_token joiner;
	int64_t now = now_ms();
	enum sf_err err;

	sf_chat_init(&chat, now);
	sf_token_generate(&joiner);
	err = sf_chat_join(&chat, &joiner, now);
	sf_chat_release(&chat);
	chat.message_count = 0;
	if (!err)
		err = sf_store_insert(store, &chat);
	if (!err && print)
		print_chat(&chat);
	return err;
}

static enum sf_err fill_store(struct sf_store *store, long count, long printed)
{
	enum sf_err err = SF_OK;

	for (long i = 0; i < count && !err; i++)
		err = store_chat(store,
			i * printed / count != (i + 1) * printed / count);
	return err;
}

int main(int argc, char **argv)
{
	struct sf_config config;
	struct sf_detail detail;
	struct sf_store *store = NULL;
	enum sf_err err;

	if (argc != 3) {
		fputs("usage: fill CHATS PRINTED\n", stderr);
		return EXIT_FAILURE;
	}
	err = sf_config_load(&config, &detail);
	if (!err)
		err = sf_store_open(&config, &store);
	if (!err)
		err = fill_store(store, atol(argv[1]), atol(argv[2]));
	sf_store_free(store);
	if (err)
		fprintf(stderr, "fill: failed with error %d\n", (int)err);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
