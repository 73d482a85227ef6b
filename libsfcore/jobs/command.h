/* SPDX-License-Identifier: BSD-3-Clause */
/* What the programs of cron/ have in common: usage, settings, exit statuses. */
#ifndef SF_COMMAND_H
#define SF_COMMAND_H

#include "base/config.h"

/* For people: the programs' --help says the same. */
enum sf_exit {
	SF_EXIT_DONE = 0,
	SF_EXIT_FAILED = 1,
	SF_EXIT_USAGE = 2,      /* wrong arguments or settings */
	SF_EXIT_UNAVAILABLE = 3 /* Redis or the store cannot be reached */
};

struct sf_command {
	const char *name;
	const char *help; /* lines; the first ones say the usage */
};

/*
 * Answers --help and loads the settings. Does not return after --help, nor when
 * a setting cannot be used.
 */
void sf_command_start(const struct sf_command *command, int argc, char **argv,
	struct sf_config *out);

/* The settings have no Redis, which the command cannot do without. */
void sf_command_need_redis(
	const struct sf_command *command, const struct sf_config *config);

/* Says what is wrong with the arguments, and ends. */
_Noreturn void sf_command_refuse(
	const struct sf_command *command, const char *what);

#endif
