/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * messages.json: GET receives, and waits if it is to; POST sends; DELETE
 * acknowledges.
 */
#include <strings.h>

#include "api/app.h"
#include "chat/poll.h"

static enum sf_err read_long_polling(struct sf_app *app, bool *out)
{
	char value[8] = "true";
	enum sf_err err = sf_request_parameter(
		&app->request, "longPolling", value, sizeof(value));

	*out = strcasecmp(value, "true") == 0;
	if ((err && err != SF_ERR_NOT_FOUND) ||
		(!*out && strcasecmp(value, "false") != 0))
		return sf_detail_set(&app->detail, SF_ERR_INVALID,
			"longPolling: true or false was expected");
	return SF_OK;
}

static enum sf_err receive(struct sf_app *app, bool long_polling,
	const struct sf_participant *who, struct sf_chat *out)
{
	enum sf_err err =
		long_polling ? sf_app_open_desk(app) : sf_app_open_store(app);
	struct sf_hangup hangup;

	if (err)
		return err;
	if (!long_polling)
		return sf_desk_receive(&app->desk, who, out);
	sf_app_watch_hangup(app, &hangup);
	return sf_poll_run(&app->desk, &app->config, who, &hangup, out);
}

static enum sf_err get_messages(struct sf_app *app, char **body)
{
	struct sf_participant who;
	struct sf_chat seen;
	bool long_polling;
	enum sf_err err;

	if ((err = sf_app_read_participant(app, &who)) ||
		(err = read_long_polling(app, &long_polling)) ||
		(err = receive(app, long_polling, &who, &seen)))
		return err;
	if (seen.status != SF_STATUS_CLOSED)
		app->sunset_ms = seen.created_ms +
				 1000 * app->config.chat_lifetime_seconds;
	*body = sf_json_compose_messages(&app->success, &seen);
	sf_chat_release(&seen);
	return SF_OK;
}

static enum sf_err send_messages(struct sf_app *app,
	const struct sf_participant *who,
	const struct sf_json_messages *messages)
{
	enum sf_err err = sf_app_open_desk(app);

	if (!err)
		err = sf_desk_send(
			&app->desk, who, messages->items, messages->count);
	if (err == SF_ERR_CLOSED)
		return sf_detail_set(&app->detail, err, "the chat is closed");
	if (err == SF_ERR_CONFLICT)
		return sf_detail_set(
			&app->detail, err, "Talker has not joined yet");
	if (err == SF_ERR_TOO_MANY)
		return sf_detail_set(&app->detail, err,
			"too many messages wait for Talker already");
	return err;
}

static enum sf_err post_messages(struct sf_app *app, char **body)
{
	struct sf_json_messages messages;
	struct sf_participant who;
	enum sf_err err;

	(void)body;
	if ((err = sf_app_read_participant(app, &who)) ||
		(err = sf_app_read_body(app)) ||
		(err = sf_json_parse_messages(app->request.body,
			 app->request.body_size, &messages, &app->detail)))
		return err;
	err = send_messages(app, &who, &messages);
	sf_json_messages_release(&messages);
	return err;
}

static enum sf_err delete_messages(struct sf_app *app, char **body)
{
	struct sf_participant who;
	struct sf_json_ids ids;
	enum sf_err err;

	(void)body;
	if ((err = sf_app_read_participant(app, &who)) ||
		(err = sf_app_read_body(app)) ||
		(err = sf_json_parse_ids(app->request.body,
			 app->request.body_size, &ids, &app->detail)) ||
		(err = sf_app_open_store(app)))
		return err;
	return sf_desk_acknowledge(&app->desk, &who, ids.items, ids.count);
}

int main(int argc, char **argv)
{
	static const struct sf_method methods[] = {
		{ "GET", { SF_APP_OK }, get_messages },
		{ "POST", { SF_APP_ACCEPTED }, post_messages },
		{ "DELETE", { SF_APP_ACCEPTED }, delete_messages },
		{ NULL, { SF_APP_OK }, NULL },
	};

	return sf_app_main(argc, argv, &(struct sf_resource){ methods });
}
