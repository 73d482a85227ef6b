/* SPDX-License-Identifier: BSD-3-Clause */
/* chat.json: DELETE closes the chat. */
#include "api/app.h"

static enum sf_err close_chat(struct sf_app *app, char **body)
{
	struct sf_participant who;
	enum sf_err err;

	(void)body;
	if ((err = sf_app_read_participant(app, &who)) ||
		(err = sf_app_skip_body(app)) || (err = sf_app_open_desk(app)))
		return err;
	return sf_desk_close(&app->desk, &who, INT64_MAX);
}

int main(int argc, char **argv)
{
	static const struct sf_method methods[] = {
		{ "DELETE", { SF_APP_ACCEPTED }, close_chat },
		{ NULL, { SF_APP_OK }, NULL },
	};

	return sf_app_main(argc, argv, &(struct sf_resource){ methods });
}
