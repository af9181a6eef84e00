"""What Streamlit runs: the page, with the arguments of `skin-distill web`."""

import json
import sys

from web_app.stakeholder.page import show

show(**json.loads(sys.argv[1]))
