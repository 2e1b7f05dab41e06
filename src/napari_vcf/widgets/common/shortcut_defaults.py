"""The register of everything that a key does: its name, its keys, and the sentence that tells it.

This is the one place for keys. Tooltips, sentences and the list of keys take them from the map in force, which begins
with these and follows the reader's own file (`napari_vcf.widgets.common.shortcuts_in_force`).
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_vcf.language import Sentence, say

__all__ = ["ACTIONS", "ALONE", "INSTRUMENTS", "SCOPES", "Action"]

#: Where an action is at work, and the heading of its keys.
SCOPES: dict[str, str] = {
    "image": say("Image"),
    "reading": say("Reading"),
    "panels": say("Panels"),
    "registration": say("Registration"),
    "calipers": say("Calipers"),
    "extent": say("Lesion extent"),
    "adc": say("ADC ROI"),
    "findings": say("Findings"),
    "consensus": say("Consensus"),
}
#: Only the one that is in hand has its keys, so that several may use the same key.
INSTRUMENTS = frozenset({"registration", "calipers", "extent", "adc", "findings"})
#: In a window of its own.
ALONE = frozenset({"consensus"})


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does.

    Attributes
    ----------
    scope, name : str
        Where it is at work, and what it is called there.
    keys : tuple of str
        Its keys unless the reader chooses others, in Qt's portable notation, such as ``"Ctrl+Z"``.
    text : str
        The sentence for the list of keys.
    repeats : bool
        Whether it goes by steps, and goes on while the key is held down. Any other would answer or change its mind
        over and over.
    """

    scope: str
    name: str
    keys: tuple[str, ...]
    text: str
    repeats: bool = False

    @property
    def id(self) -> str:
        """Its name in the whole program, such as ``"image.next"``."""
        return f"{self.scope}.{self.name}"


def _actions() -> dict[str, Action]:
    found: dict[str, Action] = {}

    def add(scope: str, name: str, key: str | tuple[str, ...], text: str, *, repeats: bool = False) -> None:
        action = Action(scope, name, (key,) if isinstance(key, str) else key, text, repeats)
        found[action.id] = action

    for number, (stage, name) in enumerate((("ct", "CT"), ("mri", "MRI"), ("combined", "CT + MRI")), start=1):
        add("image", f"stage_{stage}", f"Alt+{number}", say("Stage {name}", name=name))
    for number in range(1, 10):
        add("image", f"show_{number}", f"Ctrl+{number}", say("Image {number} of the bar", number=number))
    add("image", "next", "I", say("Next image"))
    add("image", "previous", "Shift+I", say("Image before"))
    add("image", "window", "W", say("Next window (right drag sets it by hand)"))
    add("image", "invert", "Shift+W", say("Invert: what is high dark, or bright again"))
    add("image", "usual_window", "Shift+R", say("The usual window of this image"))
    add("image", "type_window", "Ctrl+L", say("Type the width of the window, then Tab for the level"))
    add("image", "hide_drawings", "Q", say("Hide all drawings on image and panes, or show them again"))
    add("image", "plane", "P", say("Next plane: sagittal, or an image's own slices"))
    add("image", "flicker", "F", say("Flicker between the image in front and the one laid over it"))
    add("image", "overlay", "Shift+F", say("Next image laid over the one in front"))
    add("image", "overlay_less", ",", say("Less of the image laid over"), repeats=True)
    add("image", "overlay_more", ".", say("More of the image laid over"), repeats=True)
    add("image", "volume", "Shift+V", say("Next volume of the image (b-value, echo)"))
    add("image", "layout", "V", say("Next choice of linked panes"))
    add("image", "beside", "Ctrl+B", say("Next image side by side with the large one, then none"))
    add("image", "crosshair", "X", say("Crosshair to the pointer (or Shift and move)"))
    add("image", "slice_before", "PgUp", say("Slice before (or the wheel)"), repeats=True)
    add("image", "slice_next", "PgDown", say("Next slice (or the wheel)"), repeats=True)
    add("image", "colour", "Shift+K", say("The image laid over in colour, or in grey"))
    away = say("in no record; again to put it away")
    add("image", "scratch_distance", "Shift+D", say("Scratch: a distance, {away}", away=away))
    add("image", "scratch_cobb", "Shift+A", say("Scratch: Cobb angle between two lines, {away}", away=away))
    add("image", "scratch_region", "Shift+O", say("Scratch: values in a free region, {away}", away=away))
    add("image", "scratch_clear", "Shift+C", say("Take the scratch measurements off"))
    add("image", "fit", "Home", say("Show the whole image"))

    add("reading", "undo", "Ctrl+Z", say("Undo"))
    add("reading", "redo", ("Ctrl+Shift+Z", "Ctrl+Y"), say("Redo"))
    add("reading", "open_folder", "Ctrl+Shift+L", say("Open a folder"))
    add("reading", "open_sample", "Ctrl+Shift+K", say("Open the sample case"))
    add("reading", "images", "Ctrl+Shift+I", say("Say what the images are"))
    add("reading", "describe", "Ctrl+Shift+B", say("Show how the series of an image was named, or hide it again"))
    add("reading", "protocol", "Ctrl+Shift+D", say("Show the protocol, and change it before a case is opened"))
    add("reading", "export", "Ctrl+Shift+E", say("Export the reading"))
    add("reading", "open_reading", "Ctrl+Shift+J", say("Open an exported reading on its images"))
    add("reading", "open_archive", "Ctrl+Shift+A", say("Open images from an archive"))
    add("reading", "write_dicom", "Ctrl+Shift+M", say("Write the reading as DICOM objects"))
    add("reading", "next_case", "Ctrl+Shift+N", say("Open the next case of the worklist"))
    add(
        "reading",
        "next_carried",
        "Alt+N",
        say("Show the next drawing that was carried from an earlier stage and waits"),
    )
    add("reading", "sign", "Ctrl+Shift+S", say("Sign the stage"))

    for number in range(1, 7):
        add("panels", f"go_to_{number}", f"F{number}", say("Go to panel {number}", number=number))
    add("panels", "layers", "F8", say("Show or hide napari's own layer list and controls"))
    add("panels", "keys", "?", say("This list of keys"))

    add("registration", "move_up", "Up", say("Move the CT up"), repeats=True)
    add("registration", "move_down", "Down", say("Move the CT down"), repeats=True)
    add("registration", "move_left", "Left", say("Move the CT to the left"), repeats=True)
    add("registration", "move_right", "Right", say("Move the CT to the right"), repeats=True)
    add("registration", "turn_left", "[", say("Turn the CT to the left"), repeats=True)
    add("registration", "turn_right", "]", say("Turn the CT to the right"), repeats=True)
    add("registration", "move_back", "Shift+Left", say("Move the CT back through the slices"), repeats=True)
    add("registration", "move_forth", "Shift+Right", say("Move the CT on through the slices"), repeats=True)
    add("registration", "name_mr", "N", say("Name the vertebra on MRI: type it, then Enter"))
    add("registration", "name_ct", "Shift+N", say("Name the vertebra on CT"))
    add("registration", "mark_mr", "M", say("Mark its centre on MRI"))
    add("registration", "mark_ct", "C", say("Mark its centre on CT"))
    add("registration", "register", "R", say("Register CT to MRI"))
    add("registration", "count_mr", "L", say("Say where you began to count the levels on MRI: type it, then Enter"))
    add("registration", "count_ct", "Shift+L", say("Say where you began to count the levels on CT"))
    add("registration", "counted", "B", say("Levels counted on both: the same vertebra"))
    add("registration", "accept", "Y", say("Yes: accept"))
    add("registration", "refuse", "Shift+Y", say("Refuse: write why, then Enter"))
    add("registration", "edges", "E", say("Edges of the CT over the MRI"))
    add("registration", "checkerboard", "K", say("Checkerboard of CT and MRI"))
    add("registration", "confirm", "Return", say("Confirm joined MR images that were carried from an earlier stage"))
    add("registration", "delete", "Del", say("Delete joined MR images from what was carried (can be undone)"))
    add("registration", "frames_moving", "Shift+J", say("Next MR image of another frame of reference"))
    add("registration", "frames_mark", "H", say("Mark a place on the MR image that is brought to the others: here"))
    add("registration", "frames_mark_other", "T", say("Mark the same place on the other MR image: there"))
    add("registration", "frames_fit", "A", say("Fit two MR images from the marks"))
    add("registration", "frames_join", "J", say("Join two MR frames of reference"))
    add("registration", "frames_still", "S", say("Join two MR frames as they are: the patient lay still"))
    add("registration", "frames_separate", "U", say("Separate two MR frames again"))
    add("registration", "stop", "Esc", say("Stop marking"))

    add("calipers", "name", "N", say("Name the fractured vertebra: type it, then Enter"))
    # The table lies on the number pad.
    vertebrae = {
        "above": say("vertebra above"),
        "fractured": say("fractured vertebra"),
        "below": say("vertebra below"),
    }
    heights = {
        "anterior": say("Anterior height of the {vertebra}").template,
        "middle": say("Middle height of the {vertebra}").template,
        "posterior": say("Posterior height of the {vertebra}").template,
    }
    for row, which in enumerate(("above", "fractured", "below")):
        for column, position in enumerate(("anterior", "middle", "posterior")):
            vertebra = vertebrae[which]
            key = str(7 - 3 * row + column)
            add("calipers", f"{which}_{position}", key, Sentence(heights[position], vertebra=vertebra))
    add("calipers", "status_above", "U", say("Vertebra above: intact, not intact, not in view"))
    add("calipers", "status_below", "D", say("Vertebra below: intact, not intact, not in view"))
    add("calipers", "delete", "Del", say("Delete the chosen caliper (can be undone)"))
    add("calipers", "snap", "S", say("Draw the ends to the edge, or not"))
    add("calipers", "corners", "C", say("Heights by corners, or each by its two ends"))
    add("calipers", "accept", "Return", say("Accept the proposed middle heights, or the carried height in front"))
    add("calipers", "off_the_edge", "B", say("Ends drawn to the edge go back where your hand put them"))
    add("calipers", "stop", "Esc", say("Stop what is being drawn or chosen"))

    add("extent", "outline", "O", say("Outline the body on this slice: click around it, or draw freehand"))
    add("extent", "body_add", "B", say("Add to the body with the brush"))
    add("extent", "body_erase", "Shift+B", say("Take from the body with the brush"))
    add("extent", "lesion_add", "L", say("Paint the lesion; the brush cannot leave the body"))
    add("extent", "lesion_erase", "E", say("Take from the lesion with the brush"))
    add("extent", "lesion_outline", "Shift+L", say("Outline lesion on this slice; only what lies in the body is taken"))
    add("extent", "threshold", "H", say("Lesion by comparison with muscle, disc or a normal vertebra"))
    add("extent", "look", "K", say("Paint nothing; the left button moves the image"))
    add("extent", "finish", "Return", say("Finish what is being drawn or placed"))
    add("extent", "take_back", "Backspace", say("Take back the last point of an outline"))
    add("extent", "stop", "Esc", say("Stop what is being drawn or chosen"))
    add("extent", "smaller", "[", say("Smaller brush or limit"), repeats=True)
    add("extent", "bigger", "]", say("Bigger brush or limit"), repeats=True)
    add("extent", "from_calipers", "C", say("Body from the calipers of the fractured vertebra"))
    add("extent", "propose", "A", say("Propose the body on all slices from its heights; then go through them"))
    add(
        "extent", "labels", "S", say("Body from a label map of another program (NIfTI, NRRD, DICOM SEG), as a proposal")
    )
    add("extent", "next_waiting", "N", say("Go to the next slice of the proposed body that waits"))
    add("extent", "reject", "Del", say("Reject the proposed body on this slice and go on (can be undone)"))
    add(
        "extent",
        "accept_rest",
        "Shift+Return",
        say("Accept what is left of the proposed body; slices not looked at do not count"),
    )
    add("extent", "tissue", "T", say("Threshold: next reference tissue"))
    add("extent", "side", "D", say("Threshold: darker or brighter"))
    add("extent", "this_slice", "G", say("Threshold: this slice or all"))
    for number in range(1, 5):
        add("extent", f"estimate_{number}", str(number), say("Your estimate by eye: G{number}", number=number))
    add("extent", "image", "M", say("Paint on the next image, while nothing is painted"))
    add("extent", "through", "R", say("Round brush: through slices, or on one"))
    add("extent", "fill", "J", say("Join outlined slices, or not"))
    add("extent", "clear_slice", "Shift+Del", say("Remove body and lesion from this slice (can be undone)"))
    add("extent", "clear_all", "Ctrl+Shift+Del", say("Remove body and lesion (can be undone)"))
    add("extent", "unseen", "U", say("Go to the next slice of the body not yet looked at"))

    for direction in (say("left"), say("right"), say("up"), say("down")):
        add(
            "adc",
            f"move_{direction}",
            direction.capitalize(),
            say("Move the rectangle {direction}", direction=direction),
            repeats=True,
        )
    add("adc", "turn_left", "[", say("Turn it to the left"), repeats=True)
    add("adc", "turn_right", "]", say("Turn it to the right"), repeats=True)
    add("adc", "align", "A", say("Turn it parallel to the endplates"))
    add("adc", "next", "Return", say("Keep the placement and hide it"))
    add("adc", "delete", "Del", say("Delete this placement (can be undone)"))
    add("adc", "afresh", "Shift+Del", say("Delete all placements of this tissue (can be undone)"))
    add("adc", "stop", "Esc", say("Stop a drag"))
    add("adc", "tissue", "T", say("Lesion or normal vertebra"))
    add("adc", "level", "N", say("The other normal vertebra"))

    add("findings", "next", "N", say("Go to the next item that is not answered"))
    for number in range(1, 10):
        add("findings", f"answer_{number}", str(number), say("Answer {number} of the item in focus", number=number))
    add("findings", "not_assessable", "0", say("Not assessable: then the reason and Enter"))
    add("findings", "withdraw", "Backspace", say("Take the answer back"))
    add("findings", "item_before", "Up", say("Item before (or Shift+Tab)"), repeats=True)
    add("findings", "item_next", "Down", say("Next item (or Tab)"), repeats=True)

    add("consensus", "to_drawings", "Home", say("Show the slice and place of what was drawn"))
    add("consensus", "image", "I", say("Show the drawings on the next image"))
    add("consensus", "flicker", "F", say("Flicker between the MRI and the CT over it"))
    add("consensus", "next", "N", say("Go to the next item that is not settled"))
    add("consensus", "sign", "Ctrl+Shift+S", say("Sign the consensus"))
    return found


#: All actions, by `Action.id`.
ACTIONS: dict[str, Action] = _actions()
