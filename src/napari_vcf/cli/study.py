"""``napari-vcf study``: begin a reading study, prepare its cases, see how far it is."""

from __future__ import annotations

import argparse
import getpass
import math
import sys
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("study", help="begin a reading study, prepare its cases, see how far it is")
    commands = parser.add_subparsers(dest="study_command", required=True, metavar="COMMAND")
    _add_create(commands)
    _add_prepare(commands)
    status = commands.add_parser("status", help="who has read how much, without a finding")
    status.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    unlock = commands.add_parser("unlock", help="free what a program that is gone still holds")
    unlock.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    holder = unlock.add_mutually_exclusive_group(required=True)
    holder.add_argument("--reader", metavar="NAME", help="the reader")
    holder.add_argument("--consensus", action="store_true", help="the consensus on the case")
    holder.add_argument("--preparation", action="store_true", help="the preparation of the case")
    holder.add_argument("--decisions", action="store_true", help="the list of the coordinator's decisions")
    unlock.add_argument("--case", help="the case; of decisions there is one list for all")
    images = commands.add_parser("images", help="list the images of a prepared case, with what each was taken for")
    images.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    images.add_argument("--case", required=True, help="the case")
    role = commands.add_parser("role", help="say what an image is, before anybody reads the case; then prepare again")
    role.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    role.add_argument("--case", required=True, help="the case")
    role.add_argument("--image", required=True, metavar="LABEL", help="the image, as 'study images' lists it")
    role.add_argument("--role", required=True, help="CT, T1, T2, T2FS, DWI, ADC, LOCALIZER or OTHER")
    weighting = commands.add_parser(
        "b-values", help="give the b-values of a diffusion series that states none, before anybody reads the case"
    )
    weighting.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    weighting.add_argument("--case", required=True, help="the case")
    weighting.add_argument("--image", required=True, metavar="LABEL", help="the image, as 'study images' lists it")
    weighting.add_argument(
        "--b-values", required=True, metavar="B,B,...", help="one for each of its volumes, in s/mm2; then prepare again"
    )
    template = commands.add_parser("protocol", help="print a protocol file with every default, to start from")
    unreadable = commands.add_parser("unreadable", help="set aside a stage for which a case has no images; for good")
    unreadable.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    unreadable.add_argument("--case", required=True, help="the case")
    unreadable.add_argument("--stage", required=True, choices=["ct", "mri", "combined"], help="the stage")
    unreadable.add_argument("--reason", required=True, metavar="TEXT", help="why; readers can read it")
    withdraw = commands.add_parser("withdraw", help="take a case out of the study; for good")
    withdraw.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    withdraw.add_argument("--case", required=True, help="the case")
    withdraw.add_argument("--reason", required=True, metavar="TEXT", help="why; readers can read it")
    signed = commands.add_parser("signed-at", help="say when a stage was signed, where the reader's clock was wrong")
    signed.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    signed.add_argument("--reader", required=True, metavar="NAME", help="the reader")
    signed.add_argument("--case", required=True, help="the case")
    signed.add_argument("--stage", required=True, choices=["ct", "mri", "combined"], help="the stage")
    signed.add_argument("--occasion", type=int, default=1, choices=[1, 2], help="2: the reading once more")
    signed.add_argument("--at", required=True, metavar="TIME", help="when, such as 2026-03-01T14:00+01:00")
    signed.add_argument("--reason", required=True, metavar="TEXT", help="how that is known")
    key = commands.add_parser("key", help="make a signing key for a reader; it stays with the reader")
    key.add_argument("--out", type=Path, required=True, metavar="FILE", help="the key's file, outside of the study")
    add = commands.add_parser("add", help="add cases, which are read behind all others; then prepare again")
    add.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    add.add_argument(
        "--images", type=Path, nargs="+", required=True, metavar="ROOT", help="folders as for 'study create'"
    )
    add.add_argument("--reason", required=True, metavar="TEXT", help="why; readers can read it")
    add.add_argument("--key", type=Path, metavar="FILE", help="the key file; default: DIR.key.json beside DIR")
    told = commands.add_parser(
        "clinical", help="enter what readers are told of a patient, where the protocol allows it"
    )
    told.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    told.add_argument("--case", required=True, help="the case")
    told.add_argument("--text", required=True, metavar="TEXT", help="age, history, symptoms; searched for identity")
    told.add_argument("--key", type=Path, metavar="FILE", help="the key file; default: DIR.key.json beside DIR")
    training = commands.add_parser("training", help="how far readers of a training round are from the truth")
    training.add_argument("study", type=Path, metavar="DIR", help="the training round's folder, STUDY-training")
    training.add_argument("--reader", metavar="NAME", help="only this reader, with every number")
    training.add_argument("--more", type=_training_cases, metavar="N", help="add another round of N synthetic cases")
    functions = {
        training: _training,
        told: _clinical,
        add: _add,
        key: _key,
        unreadable: _unreadable,
        withdraw: _withdraw,
        signed: _signed_at,
        status: _status,
        unlock: _unlock,
        images: _images,
        role: _role,
        weighting: _b_values,
        template: _protocol,
    }
    for command, function in functions.items():
        command.set_defaults(run=run, study_run=function)


def _add_create(commands: Any) -> None:
    create = commands.add_parser(
        "create",
        help="make a study folder",
        description="Make a study folder. The key that links its cases to the images is written outside of it.",
    )
    create.add_argument("study", type=Path, metavar="DIR", help="the study folder; must be new")
    create.add_argument("--protocol", type=Path, required=True, metavar="FILE", help="protocol file (TOML)")
    create.add_argument("--reader", action="append", required=True, metavar="NAME", help="a reader's pseudonym; repeat")
    create.add_argument("--seed", type=int, required=True, metavar="N", help="draws the orders of reading")
    create.add_argument(
        "--images",
        type=Path,
        nargs="+",
        required=True,
        metavar="ROOT",
        help="folders that hold one folder for each case; one that holds files is a case itself",
    )
    create.add_argument("--key", type=Path, metavar="FILE", help="the key file; default: DIR.key.json beside DIR")
    create.add_argument("--name", help="the study's pseudonym; default: the name of DIR")
    create.add_argument(
        "--training",
        type=_training_cases,
        metavar="N",
        help="also make DIR-training: N synthetic cases whose truth is known",
    )
    create.set_defaults(run=run, study_run=_create)


def _add_prepare(commands: Any) -> None:
    prepare = commands.add_parser(
        "prepare",
        help="read, check and strip every case",
        description="Read, check and strip every case; prepared ones are kept. Exit status 1 if a case failed.",
    )
    prepare.add_argument("study", type=Path, metavar="DIR", help="the study folder")
    prepare.add_argument("--key", type=Path, metavar="FILE", help="the key file; default: DIR.key.json beside DIR")
    where = prepare.add_mutually_exclusive_group()
    where.add_argument("--workers", type=_workers, default=1, metavar="N", help="processes on this machine; default 1")
    where.add_argument("--scheduler", metavar="ADDRESS", help="an existing Dask scheduler, such as tcp://host:8786")
    prepare.set_defaults(run=run, study_run=_prepare)


def _training_cases(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError("a training round has 1 to 100 cases")
    return number


def _workers(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 1024:
        raise argparse.ArgumentTypeError("give a number of processes, 0 to 1024 (0: in this process)")
    return number


def run(args: argparse.Namespace) -> int:
    """Run one of the subcommands."""
    status: int = args.study_run(args)
    return status


def _create(args: argparse.Namespace) -> int:
    from napari_vcf.study import StudyError, create_study
    from napari_vcf.study.protocol import read_protocol
    from napari_vcf.study.study_folder import default_key
    from napari_vcf.study.training import training_folder

    is_asked_for = read_protocol(args.protocol).study.training == "required"
    if is_asked_for and args.training is None and not training_folder(args.study).is_dir():
        raise StudyError(
            "The protocol asks for a training round: give --training N, the number of its synthetic cases, or set "
            "study.training to 'none'. Nothing was made."
        )
    record = create_study(
        args.study,
        protocol=args.protocol,
        readers=args.reader,
        seed=args.seed,
        images=args.images,
        key=args.key,
        name=args.name,
    )
    print(f"Study {record.study}: {len(record.cases)} cases, readers {', '.join(record.readers)}.")
    if args.training is not None:
        from napari_vcf.phantom.training_round import create_training

        create_training(args.study, args.training, protocol=args.protocol, readers=args.reader)
        name = training_folder(args.study).name
        print(
            f"Training: {args.training} synthetic cases in {name}. Prepare and read it like a study, before this one."
        )
    print(f"The key is {(args.key or default_key(args.study)).name}. Keep it away from the readers.")
    return 0


def _prepare(args: argparse.Namespace) -> int:
    from napari_vcf.study.prepare_study import prepare_study
    from napari_vcf.study.study_folder import StudyFolder

    def progress(done: int, total: int, what: str) -> None:
        print(f"{done}/{total} {what}", file=sys.stderr)

    outcomes = prepare_study(
        args.study,
        key=args.key,
        workers=args.workers,
        scheduler=args.scheduler,
        progress=progress,
    )
    _, protocol = StudyFolder(args.study).read()
    stages = protocol.protocol.stages if protocol.study.unreadable == "coordinator" else ()
    for outcome in outcomes:
        print(f"{outcome.case}  {outcome.status:8s}  {outcome.images} images")
        cannot = [stage for stage in stages if stage not in outcome.stages] if outcome.status != "failed" else []
        if cannot:
            print(f"      ! cannot be read: {', '.join(cannot)}; set that aside with 'napari-vcf study unreadable'")
        for text in (outcome.reason, *outcome.lacks, *outcome.remarks):
            if text:
                print(f"      ! {text}")
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    print(f"{len(outcomes) - failed} of {len(outcomes)} cases are ready.")
    return 1 if failed else 0


def _status(args: argparse.Namespace) -> int:
    from napari_vcf.study.status import study_status

    status = study_status(args.study)
    print(f"Study {status.study}: {status.prepared} of {status.cases} cases prepared.")
    for reader in status.readers:
        print(
            f"{reader.reader}: {reader.sealed} of {reader.total} stages signed, {reader.open} open, "
            f"{reader.waiting} in the washout interval, {reader.aside} set aside."
        )
    return 0


def _unlock(args: argparse.Namespace) -> int:
    from napari_vcf.study import StudyError, open_study
    from napari_vcf.study.consensus import unlock_consensus
    from napari_vcf.study.decisions import unlock_decisions
    from napari_vcf.study.prepare_study import unlock_preparation

    if args.decisions:
        freed = unlock_decisions(args.study)
        print("The list of decisions is free." if freed else "The list of decisions was not locked.")
        return 0
    if args.case is None:
        raise StudyError("Name the case with --case.")
    if args.preparation:
        freed = unlock_preparation(args.study, args.case)
    elif args.consensus:
        freed = unlock_consensus(args.study, args.case)
    else:
        reader = open_study(args.study).as_reader(args.reader)
        if args.case not in {task.case for task in reader.tasks}:
            raise StudyError(f"The study has no case '{args.case}'.")
        freed = reader.unlock(args.case)
    print(f"Case {args.case} is free." if freed else f"Case {args.case} was not locked.")
    return 0


def _unreadable(args: argparse.Namespace) -> int:
    from napari_vcf.study.decisions import set_stage_aside

    set_stage_aside(args.study, args.case, args.stage, args.reason)
    print(f"The {args.stage} stage of case {args.case} is set aside; readers go on without it.")
    return 0


def _withdraw(args: argparse.Namespace) -> int:
    from napari_vcf.study.decisions import withdraw_case

    withdraw_case(args.study, args.case, args.reason)
    print(f"Case {args.case} is withdrawn; what was read of it stays, and is not exported.")
    return 0


def _add(args: argparse.Namespace) -> int:
    from napari_vcf.study.added_cases import add_cases

    added = add_cases(args.study, args.images, args.reason, key=args.key)
    print(f"{len(added)} cases are added: {', '.join(added)}. Prepare them with 'napari-vcf study prepare'.")
    return 0


def _clinical(args: argparse.Namespace) -> int:
    from napari_vcf.study.clinical_text import set_clinical_text

    set_clinical_text(args.study, args.case, args.text, key=args.key)
    print(f"Readers of case {args.case} see this text. No search finds every name: read it once more yourself.")
    return 0


def _training(args: argparse.Namespace) -> int:
    from napari_vcf.phantom.training_round import add_round
    from napari_vcf.study.study_folder import StudyFolder
    from napari_vcf.study.training import results_of

    if args.more is not None:
        added = add_round(args.study, args.more)
        print(f"Another round: {', '.join(added)}. Prepare it with 'napari-vcf study prepare'.")
        return 0
    units = {"loss": "percentage points of height loss", "share": "of the lesion's share", "adc": "% of the ADC"}
    names = {"loss": "height loss", "share": "the lesion's share", "adc": "ADC"}
    record, _ = StudyFolder(args.study).read()
    for reader in record.readers if args.reader is None else (args.reader,):
        for result in results_of(args.study, reader):
            verdict = "within the limits" if result.is_met else "not within the limits yet"
            print(f"{reader}, round {result.number}: {result.signed} of {result.stages} stages signed, {verdict}.")
            for kind, error in result.errors.items():
                beyond = ", beyond the limit" * (kind in result.beyond)
                if math.isinf(error):
                    print(f"  {names[kind]}: measured nowhere, or on another vertebra{beyond}")
                else:
                    print(f"  mean error {error:.3g} {units[kind]}{beyond}")
            for case, stage, one in result.comparisons if args.reader else ():
                print(f"  {case} {stage}  {one}")
    return 0


def _signed_at(args: argparse.Namespace) -> int:
    from datetime import datetime

    from napari_vcf.study import StudyError
    from napari_vcf.study.decisions import settle_time

    try:
        at = datetime.fromisoformat(args.at)
    except ValueError as error:
        raise StudyError(f"'{args.at}' is not a time; write it as 2026-03-01T14:00+01:00.") from error
    settle_time(args.study, args.reader, args.case, args.stage, at, args.reason, occasion=args.occasion)
    print(f"Intervals of {args.reader} in case {args.case} are counted from {at.isoformat()}.")
    return 0


def _key(args: argparse.Namespace) -> int:
    from napari_vcf.study import StudyError
    from napari_vcf.study.signing_keys import make_key

    passphrase = getpass.getpass("Passphrase for the key: ")
    if getpass.getpass("Once more: ") != passphrase:
        raise StudyError("The two passphrases differ; no key was made.")
    print(f"The key is {args.out.name}. Give its public part to whoever checks the study:")
    print(make_key(args.out, passphrase))
    return 0


def _images(args: argparse.Namespace) -> int:
    from napari_vcf.study.settled_roles import prepared_images

    for image in prepared_images(args.study, args.case):
        series = image.series
        shape = "x".join(map(str, series.grid.shape))
        print(
            f"{image.label:8s}  {series.modality or '?':3s} {series.grid.plane:9s} {shape:14s} {series.role_evidence}"
        )
    return 0


def _role(args: argparse.Namespace) -> int:
    from napari_vcf.study.settled_roles import set_role

    set_role(args.study, args.case, args.image, args.role)
    print(f"{args.image} of case {args.case} is {args.role} from the next 'napari-vcf study prepare' on.")
    return 0


def _b_values(args: argparse.Namespace) -> int:
    from napari_vcf.study import StudyError
    from napari_vcf.study.settled_roles import set_b_values

    try:
        b_values = [float(value) for value in args.b_values.split(",")]
    except ValueError:
        raise StudyError(f"'{args.b_values}': b-values are numbers with commas between them.") from None
    set_b_values(args.study, args.case, args.image, b_values)
    print(f"The b-values of {args.image} of case {args.case} are taken from the next 'napari-vcf study prepare' on.")
    return 0


def _protocol(args: argparse.Namespace) -> int:
    from napari_vcf.study import protocol_template

    del args
    print(protocol_template(), end="")
    return 0
