/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What cron starts: queues the job that closes and forgets old chats. Where
 * there is no Redis there is no queue, and the work is done at once, here.
 */
#include "jobs/command.h"
#include "jobs/queue.h"
#include "jobs/work.h"

static const struct sf_command command = {
	.name = "terminate",
	.help = "usage: terminate\n"
		"\n"
		"Has the chats closed that are over SFCHAT_CHAT_LIFETIME, and\n"
		"those removed that are to be forgotten: queues a job for the\n"
		"workers, unless there is one already; without SFCHAT_REDIS\n"
		"does it here and now.\n"
		"\n"
		"Exit status: 0 queued or done; 1 unexpected, see the error;\n"
		"2 wrong arguments or settings; 3 Redis or the store cannot "
		"be\n"
		"reached.\n",
};

static enum sf_err work_here(const struct sf_config *config)
{
	struct sf_work work = { .config = config };
	enum sf_err err = sf_work_run(&work, SF_WORK_TERMINATE);

	(void)fprintf(err ? stderr : stdout, "%s: %s\n", command.name,
		work.detail.text);
	return err;
}

static enum sf_err add_job(const struct sf_config *config)
{
	struct sf_queue *queue = sf_queue_new(config);
	enum sf_err err = sf_queue_add(queue, SF_WORK_TERMINATE);

	if (!err)
		(void)printf("%s: queued\n", command.name);
	if (err == SF_ERR_CONFLICT) {
		(void)printf("%s: there is one already\n", command.name);
		err = SF_OK;
	}
	sf_queue_free(queue);
	return err;
}

int main(int argc, char **argv)
{
	struct sf_config config;
	enum sf_err err;

	sf_command_start(&command, argc, argv, &config);
	if (argc > 1)
		sf_command_refuse(&command, "it takes no arguments");
	err = config.redis.socket_size ? add_job(&config) : work_here(&config);
	if (err == SF_ERR_UNAVAILABLE)
		return SF_EXIT_UNAVAILABLE;
	return err ? SF_EXIT_FAILED : SF_EXIT_DONE;
}
