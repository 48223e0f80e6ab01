"""Live greetings: what travels through a stack, followed, judged and shown."""

from workshop.live.dashboard import Dashboard
from workshop.live.feed import Feed
from workshop.live.findings import Findings
from workshop.live.panel import StackPanel
from workshop.live.sender import Sender
from workshop.live.snapshot import Snapshot
from workshop.live.topics_feed import TopicsFeed
from workshop.live.topics_panel import TopicsPanel

__all__ = [
    "Dashboard",
    "Feed",
    "Findings",
    "Sender",
    "Snapshot",
    "StackPanel",
    "TopicsFeed",
    "TopicsPanel",
]
