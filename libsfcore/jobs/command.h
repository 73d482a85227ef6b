/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The common part of the programs of cron/: --help, --version, the settings and
 * the exit statuses.
 */
#ifndef SF_COMMAND_H
#define SF_COMMAND_H

#include "base/config.h"

#include <stdbool.h>

/* The --help of each program names the statuses that the program uses. */
enum sf_exit {
	SF_EXIT_DONE = 0,
	SF_EXIT_FAILED = 1,
	SF_EXIT_USAGE = 2,       /* wrong arguments or settings */
	SF_EXIT_UNAVAILABLE = 3, /* Redis or the store cannot be reached */
	SF_EXIT_ALARM = 4 /* done; an operator has to look at something */
};

struct sf_command {
	const char *name;
	const char *help;     /* the text for --help */
	bool takes_arguments; /* other than --help and --version */
	bool needs_redis;
};

/*
 * Begins a command: carries out --help and --version, loads the settings into
 * `out` and checks that the command can run with them. After --help or
 * --version, or if an argument or a setting is wrong, the process exits.
 */
void sf_command_start(const struct sf_command *command, int argc, char **argv,
	struct sf_config *out);

/*
 * Prints `what`, which says what is wrong with the arguments, and exits with
 * SF_EXIT_USAGE.
 */
_Noreturn void sf_command_refuse(
	const struct sf_command *command, const char *what);

/* Returns the enum sf_exit of a command that ends with this error. */
int sf_command_status(enum sf_err err);

#endif
