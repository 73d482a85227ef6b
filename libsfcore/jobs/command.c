/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts a program of cron/. A wrong argument or setting is one line on
 * standard error.
 */
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

void sf_command_refuse(const struct sf_command *command, const char *what)
{
	(void)fprintf(stderr, "%s: %s; see %s --help\n", command->name, what,
		command->name);
	exit(SF_EXIT_USAGE);
}

static void answer_help_or_version(
	const struct sf_command *command, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			(void)fputs(command->help, stdout);
		else if (strcmp(argv[i], "--version") == 0)
			(void)printf("%s %s\n", command->name, SF_VERSION);
		else
			continue;
		exit(SF_EXIT_DONE);
	}
}

void sf_command_start(const struct sf_command *command, int argc, char **argv,
	struct sf_config *out)
{
	struct sf_detail detail;

	sf_log_guard_streams();
	/* If Redis closes the connection, write(2) then returns an error. */
	(void)signal(SIGPIPE, SIG_IGN);
	answer_help_or_version(command, argc, argv);
	if (sf_config_load(out, &detail) != SF_OK ||
		sf_store_check(out, &detail) != SF_OK)
		refuse_setting(command, detail.text);
	if (argc > 1 && !command->takes_arguments)
		sf_command_refuse(command, "it takes no arguments");
	if (out->redis.socket_size == 0 && command->needs_redis)
		refuse_setting(command,
			"SFCHAT_REDIS: needed, since Redis keeps the jobs");
}

int sf_command_status(enum sf_err err)
{
	if (err == SF_ERR_UNAVAILABLE)
		return SF_EXIT_UNAVAILABLE;
	return err ? SF_EXIT_FAILED : SF_EXIT_DONE;
}
