/* SPDX-License-Identifier: BSD-3-Clause */
/* How commands begin. What is wrong goes to standard error, as one line. */
#include "jobs/command.h"

#include <signal.h>

#include "base/log.h"
#include "store/store.h"

static _Noreturn void refuse_setting(
	const struct sf_command *command, const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", command->name, what);
	exit(SF_EXIT_USAGE);
}

void sf_command_start(const struct sf_command *command, int argc, char **argv,
	struct sf_config *out)
{
	struct sf_detail detail;

	sf_log_guard_streams();
	/* Redis going away is an error that is handled, not a death. */
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			(void)fputs(command->help, stdout);
			exit(SF_EXIT_DONE);
		}
	}
	if (sf_config_load(out, &detail) != SF_OK ||
		sf_store_check(out, &detail) != SF_OK)
		refuse_setting(command, detail.text);
}

void sf_command_need_redis(
	const struct sf_command *command, const struct sf_config *config)
{
	if (config->redis.socket_size == 0)
		refuse_setting(command,
			"SFCHAT_REDIS: needed, the jobs are kept there");
}

void sf_command_refuse(const struct sf_command *command, const char *what)
{
	(void)fprintf(stderr, "%s: %s; see %s --help\n", command->name, what,
		command->name);
	exit(SF_EXIT_USAGE);
}
