/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an operator starts once for a new site, and again after a change of the
 * lifetime: readies the store for many chats.
 */
#include "jobs/command.h"
#include "store/store.h"

static const struct sf_command command = {
	.name = "prepare",
	.help = "usage: prepare\n"
		"\n"
		"Makes in the store of SFCHAT_STORE the indexes by which old\n"
		"chats are found, and after a change of SFCHAT_CHAT_LIFETIME\n"
		"fits them to it. Does no harm where there is nothing to do.\n"
		"\n"
		"Exit status: 0 done; 1 unexpected, see the error; 2 wrong\n"
		"arguments or settings; 3 the store cannot be reached.\n",
};

int main(int argc, char **argv)
{
	struct sf_store *store = NULL;
	struct sf_config config;
	enum sf_err err;

	sf_command_start(&command, argc, argv, &config);
	if (argc > 1)
		sf_command_refuse(&command, "it takes no arguments");
	err = sf_store_open(&config, &store);
	if (!err)
		err = sf_store_prepare(store);
	sf_store_free(store);
	if (err == SF_ERR_UNAVAILABLE)
		return SF_EXIT_UNAVAILABLE;
	return err ? SF_EXIT_FAILED : SF_EXIT_DONE;
}
