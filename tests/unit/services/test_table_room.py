"""The room of a table: who may say how much there is, and who makes it fit."""

from imgsvc.services.table_room import TableRoom, TableRoomStatistics


def test_a_change_is_told_at_once():
    """The table is made to fit before the change is over, and the figures are those of now."""
    room, told = TableRoom(), []
    room.bytes = 10
    room.on_resize = lambda: told.append(room.capacity_bytes)
    room.resize(5)

    assert told == [5]
    assert room.statistics() == TableRoomStatistics(bytes=10, capacity_bytes=5)


def test_without_a_table():
    """Before there is a table its room may change all the same; nothing fits into it at first."""
    room = TableRoom()
    assert room.statistics() == TableRoomStatistics(0, 0)
    room.resize(7)
    assert room.statistics() == TableRoomStatistics(0, 7)
