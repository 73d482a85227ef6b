/* SPDX-License-Identifier: BSD-3-Clause */
/* Shows an operator, or a monitor, how the site is doing. */
#include "jobs/command.h"
#include "jobs/site.h"

static const struct sf_command command = {
	.name = "sfchat-status",
	.help = "usage: sfchat-status [--json | --prometheus]\n"
		"\n"
		"Shows how the site is doing: the chats by status, the people\n"
		"who asked for messages in the time of the longest poll, the\n"
		"waiting messages, the age of the oldest chat, the room in\n"
		"the store, the background jobs, the last sweep over old\n"
		"chats, and what this machine has refused. It shows no token\n"
		"and no address, and changes nothing.\n"
		"  --json        prints one line of JSON. A time is in\n"
		"                milliseconds since 1970; 0 means never\n"
		"  --prometheus  prints the text format of Prometheus\n"
		"\n"
		"Exit status: 0 all is well; 1 the output cannot be written;\n"
		"2 wrong arguments or settings; 3 the store or Redis cannot\n"
		"be used; 4 there is another alarm, which is printed.\n",
	.takes_arguments = true,
};

typedef void print_site(const struct sf_site *site, FILE *out);

static print_site *choose_form(int argc, char **argv)
{
	print_site *form = sf_site_print_text;

	if (argc > 2)
		sf_command_refuse(
			&command, "one argument at most was expected");
	if (argc == 2 && strcmp(argv[1], "--json") == 0)
		form = sf_site_print_json;
	else if (argc == 2 && strcmp(argv[1], "--prometheus") == 0)
		form = sf_site_print_prometheus;
	else if (argc == 2)
		sf_command_refuse(&command, "unknown argument");
	return form;
}

int main(int argc, char **argv)
{
	struct sf_config config;
	struct sf_site site;
	print_site *form;

	sf_command_start(&command, argc, argv, &config);
	form = choose_form(argc, argv);
	sf_site_read(&config, &site);
	form(&site, stdout);
	if (fflush(stdout) != 0)
		return SF_EXIT_FAILED;
	if (site.store != SF_SITE_UP || site.redis == SF_SITE_DOWN)
		return SF_EXIT_UNAVAILABLE;
	return site.alarm_count ? SF_EXIT_ALARM : SF_EXIT_DONE;
}
