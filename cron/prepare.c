/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prepares the store for many chats. An operator runs it once for a new site,
 * and again after a change of the lifetime.
 */
#include "jobs/command.h"
#include "store/store.h"

static const struct sf_command command = {
	.name = "prepare",
	.help = "usage: prepare\n"
		"\n"
		"Makes the store that SFCHAT_STORE names, with the indexes\n"
		"by which `terminate` finds old chats quickly. After a change "
		"of\n"
		"SFCHAT_CHAT_LIFETIME, run it again to make the indexes fit.\n"
		"It does no harm when there is nothing to do.\n"
		"\n"
		"Exit status: 0 done; 1 an unexpected error; 2 wrong\n"
		"arguments or settings; 3 the store cannot be reached, or\n"
		"refuses.\n",
};

int main(int argc, char **argv)
{
	struct sf_store *store = NULL;
	struct sf_config config;
	enum sf_err err;

	sf_command_start(&command, argc, argv, &config);
	err = sf_store_open(&config, &store);
	if (!err)
		err = sf_store_prepare(store);
	sf_store_free(store);
	return sf_command_status(err);
}
