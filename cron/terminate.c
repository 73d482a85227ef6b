/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues the job that closes and removes old chats; cron starts this program.
 * Without Redis there is no queue, and the program does the work itself.
 */
#include "jobs/command.h"
#include "jobs/queue.h"
#include "jobs/work.h"

static const struct sf_command command = {
	.name = "terminate",
	.help = "usage: terminate\n"
		"\n"
		"Queues a job, unless one is waiting, delayed or running.\n"
		"The job closes the chats that are older than\n"
		"SFCHAT_CHAT_LIFETIME, and removes the closed chats that are\n"
		"empty or more than an hour over this lifetime. Without\n"
		"SFCHAT_REDIS, terminate does this itself. It makes no store:\n"
		"the site makes it, or prepare.\n"
		"\n"
		"Exit status: 0 queued or done; 1 an unexpected error, which\n"
		"is printed; 2 wrong arguments or settings; 3 Redis or the\n"
		"store cannot be reached, or there is no store.\n",
};

static enum sf_err terminate_here(const struct sf_config *config)
{
	struct sf_work work = { .config = config };
	enum sf_err err = sf_work_run(&work, SF_WORK_TERMINATE);

	(void)fprintf(err ? stderr : stdout, "%s: %s\n", command.name,
		work.detail.text);
	return err;
}

/* The worker would find the same fault, but its log is elsewhere. */
static enum sf_err check_store(const struct sf_config *config)
{
	struct sf_detail detail;
	struct sf_store *store = NULL;
	enum sf_err err = sf_work_find_store(config, &store, &detail);

	sf_store_free(store);
	if (err)
		(void)fprintf(stderr, "%s: %s\n", command.name, detail.text);
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
	if (config.redis.socket_size == 0)
		return sf_command_status(terminate_here(&config));
	err = check_store(&config);
	if (!err)
		err = add_job(&config);
	return sf_command_status(err);
}
