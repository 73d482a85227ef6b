/* SPDX-License-Identifier: BSD-3-Clause */
/* messages.json: GET waits and receives; POST sends; DELETE acknowledges. */
#include <strings.h>

#include "api/app.h"

/* Reads a number of seconds, as milliseconds; an absent one stays. */
static enum sf_err read_seconds(
	struct sf_app *app, const char *name, int64_t *out_ms)
{
	char value[10];
	enum sf_err err =
		sf_request_parameter(&app->request, name, value, sizeof(value));

	if (err == SF_ERR_NOT_FOUND)
		return SF_OK;
	if (err || !*value || value[strspn(value, "0123456789")] != '\0')
		return sf_detail_set(&app->reply.detail, SF_ERR_INVALID,
			"%s: a whole number of seconds, of 1 to 9 digits, was "
			"expected",
			name);
	*out_ms = 1000 * strtoll(value, NULL, 10);
	return SF_OK;
}

static enum sf_err read_poll(struct sf_app *app)
{
	struct sf_poll_request *poll = &app->input.poll;
	char value[8] = "true";
	enum sf_err err = sf_request_parameter(
		&app->request, "longPolling", value, sizeof(value));
	bool held = strcasecmp(value, "true") == 0;

	if ((err && err != SF_ERR_NOT_FOUND) ||
		(!held && strcasecmp(value, "false") != 0))
		return sf_detail_set(&app->reply.detail, SF_ERR_INVALID,
			"longPolling: true or false was expected");
	poll->wait_ms = INT64_MAX;
	err = read_seconds(app, "wait", &poll->wait_ms);
	if (!held)
		poll->wait_ms = 0;
	return err ? err : read_seconds(app, "away", &poll->away_ms);
}

static enum sf_err poll_chat(struct sf_app *app, struct sf_chat *out)
{
	struct sf_poll_request *poll = &app->input.poll;
	struct sf_hangup hangup;

	if (poll->wait_ms == 0)
		return sf_poll_look(
			&app->desk, &app->config, &app->caller, poll, out);
	sf_app_prepare_wait(app, &hangup);
	poll->hangup = &hangup;
	return sf_poll_run(&app->desk, &app->config, &app->caller, poll, out);
}

static enum sf_err receive_messages(struct sf_app *app)
{
	struct sf_chat seen;
	enum sf_err err = poll_chat(app, &seen);

	if (err)
		return err;
	if (seen.status != SF_STATUS_CLOSED)
		app->reply.sunset_ms = seen.created_ms +
				       1000 * app->config.chat_lifetime_seconds;
	app->reply.body = sf_json_compose_messages(&app->reply.status, &seen,
		sf_desk_silence(&seen, &app->caller.user));
	sf_chat_release(&seen);
	return SF_OK;
}

static enum sf_err read_messages(struct sf_app *app)
{
	return sf_json_parse_messages(app->request.body, app->request.body_size,
		&app->input.messages, &app->reply.detail);
}

static enum sf_err send_messages(struct sf_app *app)
{
	return sf_desk_send(&app->desk, &app->caller, &app->input.messages);
}

static enum sf_err read_ids(struct sf_app *app)
{
	return sf_json_parse_ids(app->request.body, app->request.body_size,
		&app->input.ids, &app->reply.detail);
}

static enum sf_err acknowledge_messages(struct sf_app *app)
{
	return sf_desk_acknowledge(&app->desk, &app->caller, &app->input.ids);
}

static const struct sf_method methods[] = {
	{ "GET", SF_APP_OK, SF_APP_CALLER | SF_APP_DESK, read_poll,
		receive_messages, { NULL } },
	{ "POST", SF_APP_ACCEPTED, SF_APP_CALLER | SF_APP_BODY | SF_APP_DESK,
		read_messages, send_messages,
		{ [SF_ERR_CLOSED] = "the chat is closed",
			[SF_ERR_CONFLICT] = "Talker has not joined yet",
			[SF_ERR_TOO_MANY] =
				"too many messages wait for Talker already" } },
	{ "DELETE", SF_APP_ACCEPTED, SF_APP_CALLER | SF_APP_BODY | SF_APP_STORE,
		read_ids, acknowledge_messages, { NULL } },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return sf_app_main(argc, argv, methods);
}
