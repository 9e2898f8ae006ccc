"""What people write: survey verbatims and comments in French and English, ticket subjects, messages and agents'
replies.

Sentences are put together from parts that fit the score and the topic, so that sentiment and topic can be told from
the text.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.simulator.columns import Flags, Ints, Text, choose, pick

MOODS = ("good", "middling", "bad")
SENTIMENTS = pa.array(["positive", "neutral", "negative"])  # of the moods
# What a verbatim or a comment is about; `overall` is nothing in particular.
SUBJECT_MATTERS = ("delivery", "return", "product", "payment", "service", "store", "price", "app", "overall")
TOPICS = ("delivery", "return", "product", "payment", "account", "loyalty", "advice")

_FRENCH = {
    "good": (
        "Très satisfaite, commande reçue en deux jours.",
        "Équipe à l'écoute et produits de qualité, je recommande !",
        "Parfait du début à la fin.\nMerci à la vendeuse pour ses conseils.",
        "Rien à redire : c'était simple et rapide.",
        "J'ai été agréablement surprise par la qualité du linge, très doux.",
        "Le retrait en magasin est vraiment pratique, bravo.",
        "Conseillère très aimable, problème réglé en cinq minutes.",
        "« Comme à la maison » : j'adore vos bougies, à bientôt.",
    ),
    "middling": (
        "Correct, sans plus.",
        "Bons produits mais les frais de port sont élevés.",
        "La livraison a pris un peu de retard, le produit est conforme.",
        "L'application est pratique, mais elle se ferme parfois toute seule.",
        "Magasin agréable; l'attente en caisse était un peu longue.",
        "Ça va, mais j'ai dû relancer une fois.",
    ),
    "bad": (
        "Colis arrivé cassé et personne ne répond, très déçue.",
        "J'ai dû répéter mon histoire à trois conseillers différents !!",
        "Retard de livraison de dix jours, aucune excuse.\n\nJe ne commanderai plus.",
        "Le site a planté au moment du paiement et j'ai été débité deux fois.",
        "On m'a dit \"ce n'est pas notre problème\" : inadmissible.",
        "Remboursement toujours pas reçu après un mois…",
        "Impossible de joindre le service client, une honte.",
        "Article différent de la photo, qualité médiocre, retour compliqué.",
    ),
}
_ENGLISH = {
    "good": (
        "Lovely shop, very friendly staff.",
        "Fast delivery and beautiful packaging, thank you!",
        "Great quality.\nWill order again.",
        'The assistant said "no problem" and fixed it at once.',
    ),
    "middling": ("It was fine, delivery a little slow.", "Good products, confusing returns page.", "OK overall."),
    "bad": (
        "My parcel never arrived and nobody answers.",
        'I had to explain the same issue "again and again" to every agent.',
        "Terrible experience: charged twice, still waiting for a refund.",
    ),
}
# Of the sentences above, in their order.
_MATTERS = {
    ("fr", "good"): ("delivery", "service", "store", "overall", "product", "store", "service", "product"),
    ("fr", "middling"): ("overall", "price", "delivery", "app", "store", "service"),
    ("fr", "bad"): ("delivery", "service", "delivery", "payment", "service", "return", "service", "product"),
    ("en", "good"): ("store", "delivery", "product", "service"),
    ("en", "middling"): ("delivery", "return", "overall"),
    ("en", "bad"): ("delivery", "service", "payment"),
}
# Comments under posts: language, mood, subject matter | sentences.
_COMMENTS = """
fr good delivery | Livraison en 24 h, chapeau | Colis bien emballé et arrivé en avance, merci
fr good return | Échange fait en cinq minutes, aucun souci | Remboursement reçu très vite, rare !
fr good product | Cette nappe est encore plus belle en vrai | Qualité au top, rien à dire | Je suis fan de vos bougies
fr good service | Réponse en dix minutes par le chat, super équipe | Conseillère adorable au téléphone
fr good store | Toujours un plaisir de passer en boutique à Lyon | Vendeuses de Nantes au top, très bon accueil
fr good price | Les soldes valent vraiment le coup | Très bon rapport qualité-prix
fr good app | L'appli est enfin fluide, bravo | Commande en trois clics sur l'appli
fr middling delivery | Reçu avec deux jours de retard mais en bon état | Livraison correcte, suivi un peu flou
fr middling product | Joli, mais la couleur est plus claire que sur la photo | Bien, sans être extraordinaire
fr middling service | J'ai eu une réponse, mais il a fallu relancer | Service correct, attente un peu longue
fr middling price | C'est beau mais un peu cher quand même | Frais de port élevés pour un petit article
fr middling store | Magasin sympa, dommage qu'il n'y ait pas toutes les tailles | Attente en caisse un peu longue samedi
fr middling app | L'appli marche, mais la recherche est perfectible | Pas mal, il manque les filtres sur mobile
fr bad delivery | Toujours pas livré après trois semaines, c'est scandaleux | Colis perdu et personne ne sait où il est
fr bad return | Retour envoyé il y a un mois, toujours aucun remboursement | On me refuse l'échange sans explication
fr bad product | Vase arrivé fêlé, très déçue | Le tissu a rétréci au premier lavage, qualité en chute libre
fr bad payment | Débité deux fois pour la même commande !! | Code promo refusé au moment de payer, pénible
fr bad service | Vous ne répondez ni aux mails ni au téléphone | Trois conseillers, trois réponses différentes
fr bad store | Accueil glacial au magasin de Bordeaux | Article réservé et plus disponible à mon arrivée en boutique
fr bad price | Hausse de 20 % en six mois, c'est abusé | Le prix barré est faux, il était moins cher avant
fr bad app | L'application plante à chaque mise à jour | Impossible de me connecter depuis hier
en good delivery | Arrived in two days, perfectly packed
en good product | The linen is gorgeous, worth every penny | Love this collection
en good service | Support sorted it out in minutes, thank you
en good store | Lovely shop in Paris, very kind staff
en middling delivery | A bit slow to ship abroad but fine
en middling product | Nice, though smaller than I expected
en middling price | Pretty but pricey
en bad delivery | Three weeks and still no parcel
en bad return | Still waiting for my refund, no news
en bad product | Arrived broken, very disappointed
en bad service | Nobody answers the phone or the emails
en bad app | The app keeps crashing at checkout
"""
_OPENINGS = {
    "fr": ("", "Bonjour, ", "Franchement : ", "Petit retour d'expérience. ", "@maisonomni "),
    "en": ("", "Hi, ", "Honestly: "),
}
_CLOSINGS = {"good": ("", " ❤️", " !"), "middling": ("", ".", " 🤷"), "bad": ("", " 😡", "…")}
_SUBJECTS = {
    "delivery": ("Colis non reçu", "Retard de livraison", "Suivi bloqué depuis 5 jours", "Livré chez le voisin ?"),
    "return": ("Demande de retour", "Remboursement en attente", "Échange de taille", "Retour en magasin refusé"),
    "product": ("Article défectueux", "Pièce manquante", "Produit abîmé à l'ouverture", "Question sur l'entretien"),
    "payment": ("Double débit", "Code promo refusé", "Facture demandée", "Paiement échoué"),
    "account": ("Mot de passe oublié", "Changer mon adresse e-mail", "Suppression de compte", "Mise à jour d'adresse"),
    "loyalty": ("Points manquants", "Carte de fidélité perdue", "Bon d'achat non reçu", "Fusion de deux cartes"),
    "advice": ("Conseil avant achat", "Disponibilité en magasin", "Quelle taille choisir ?", "Délai pour un cadeau"),
}
_MESSAGES = {
    "delivery": (
        "Bonjour,\nma commande n'est toujours pas arrivée, pouvez-vous vérifier ?",
        "Le suivi n'a pas bougé depuis lundi.",
    ),
    "return": ("Je souhaite renvoyer un article, comment procéder ?", "J'attends toujours mon remboursement."),
    "product": ("L'article est arrivé fêlé.\nPhotos en pièce jointe.", "Il manque une pièce dans le carton."),
    "payment": ("J'ai été débité deux fois pour la même commande.", 'Le code "BIENVENUE10" ne fonctionne pas.'),
    "account": ("Je n'arrive plus à me connecter à mon compte.", "Merci de mettre à jour mon adresse, j'ai déménagé."),
    "loyalty": ("Mes points du dernier achat ne sont pas crédités.", "J'ai perdu ma carte, pouvez-vous la remplacer ?"),
    "advice": ("Bonjour, ce modèle convient-il à l'extérieur ?", "Est-ce disponible au magasin de Nantes ?"),
}
_REPLIES = (
    "Bonjour, nous regardons cela tout de suite.",
    "Merci pour votre patience, le nécessaire a été fait.",
    "Pouvez-vous nous envoyer une photo, s'il vous plaît ?",
    "Votre dossier a été transmis au service concerné.",
)
_NOTES = (
    "Client rappelé, pas de réponse.",
    "Voir avec l'entrepôt.",
    "Geste commercial accordé : 10 €.",
    "Doublon possible.",
)


@functools.cache
def verbatims(language: str, mood: str) -> Text:
    """The sentences of a language ('fr', 'en') and mood ('good', 'middling', 'bad')."""
    return pa.array((_FRENCH if language == "fr" else _ENGLISH)[mood])


@functools.cache
def subjects(topic: str) -> Text:
    """Ticket subjects of a topic."""
    return pa.array(_SUBJECTS[topic])


@functools.cache
def messages(topic: str) -> Text:
    """What a requester writes on a topic."""
    return pa.array(_MESSAGES[topic])


@functools.cache
def replies() -> Text:
    """What agents answer."""
    return pa.array(_REPLIES)


@functools.cache
def notes() -> Text:
    """What agents tell one another."""
    return pa.array(_NOTES)


def matters(language: str, mood: str) -> Ints:
    """Index of SUBJECT_MATTERS of each sentence of `verbatims`."""
    return np.array([SUBJECT_MATTERS.index(word) for word in _MATTERS[(language, mood)]], dtype=np.int64)


@dataclass(frozen=True)
class CommentBook:
    """Every comment people write, by sentence. `topic`: index of SUBJECT_MATTERS; `mood`: index of MOODS."""

    text: Text
    is_english: Flags
    topic: Ints
    mood: Ints


@functools.cache
def comment_book() -> CommentBook:
    """Each sentence with each opening and closing."""
    rows = []
    for line in _COMMENTS.strip().splitlines():
        head, *sentences = (part.strip() for part in line.split("|"))
        language, mood, matter = head.split()
        rows += [
            (opening + sentence + closing, language == "en", SUBJECT_MATTERS.index(matter), MOODS.index(mood))
            for sentence in sentences
            for opening in _OPENINGS[language]
            for closing in _CLOSINGS[mood]
        ]
    text, is_english, topic, mood_of = zip(*rows, strict=True)
    return CommentBook(pa.array(text), np.array(is_english), np.array(topic), np.array(mood_of))


def labels(extract: str, references: Text, is_english: Flags, topic: Ints, mood: Ints) -> pd.DataFrame:
    """The truth of texts: one row per text, named by its extract and reference there."""
    return pd.DataFrame(
        {
            "extract": extract,
            "reference": references.to_pandas(),
            "language": choose(is_english, "en", "fr").to_pandas(),
            "topic": pick(pa.array(SUBJECT_MATTERS), topic).to_pandas(),
            "sentiment": pick(SENTIMENTS, mood).to_pandas(),
        }
    )
