"""First names of many languages by sex, in Latin letters without accents."""

from __future__ import annotations

import functools
from typing import Final, Literal

_MEN: Final = """
    aaron abdul abdullah abel abraham adam adil aditya adrian ahmad ahmed aidan ajay akash akira alan albert
    alberto aldo alec alejandro aleksander alessandro alexander alexandre alexei alfie alfonso alfred ali
    alistair
    allan allen alvaro alvin amir amit anders andre andreas andrei andres andrew andrzej andy angelo angus
    anil
    antoine anton antonio archie arjun armando arnav arnold arthur arturo arun asher ashok austin axel barry
    bart
    bartek bastian ben benedict benjamin bernard bernardo bernie bert bill billy bjorn blake bob bobby bogdan
    boris brad bradley brandon brendan brent brett brian bruce bruno bryan bryce burak byron caleb calvin
    cameron
    carl carlo carlos cedric cesar chad charles charlie chester chris christian christoph christopher christos
    chuck clarence clark claude claudio clayton clemens cliff clifford clint clinton cody cole colin connor
    conor
    corey cormac cornelius craig curtis cyril cyrus dale damian damien damon dan daniel daniele danny dario
    darius
    darrell darren daryl dave david dean declan deepak demetrius dev denis dennis denzel derek derrick desmond
    devon
    dexter didier diego dieter dietrich dimitri dirk dmitri dmitry dominic don donald donnie doug douglas drew
    duncan dustin dwayne dwight dylan earl eddie edgar eduardo edmund edward edwin eli elias elijah elliot
    elmer
    elvis emanuel emil emiliano emmanuel emmett enrico enrique eoin eric erik ernest ernesto ernie erwin
    esteban
    ethan etienne eugene evan ezra fabian fabio farhan federico felipe felix ferdinand fergus fernando filip
    finn
    finley fletcher florian floyd forrest francesco francisco franco francois frank frankie franklin franz
    fred
    freddie freddy frederick fritz gabriel gareth garrett garry gary gavin gene geoff geoffrey georg george
    gerald
    gerard gerhard gianni gilbert gilberto giorgio giovanni giulio giuseppe glen glenn gonzalo gordon graeme
    graham grant greg gregor gregory grzegorz guido guillaume guillermo gunther gus gustav gustavo guy hamza
    hank
    hans harold haroun harry harsh harvey hasan hassan hector heinrich heinz hendrik henri henrik henry
    herbert
    herman hideo hiro hiroshi horace horst howard hubert hugh hugo humberto hussein ian ibrahim igor ignacio
    ikaika
    imran isaac isaiah ismail ivan ivo jack jackson jacob jacques jae jaime jake jamal james jamie jan janek
    jared
    jarek jaroslav jason jasper javier jay jean-luc jeff jeffrey jeremiah jeremy jerome jerry jesus jim
    jimmy jin
    joachim joao joaquin joe joel joey johan johann john johnny jon jonah jonas jonathan jorge jose josef
    joseph
    josh joshua juan judah jules julian julien julio junaid jurgen justin kaito kareem karim karl kaspar keith
    kelvin ken kenji kenneth kenny kent kenta kevin khaled kieran kiran kirk klaus kofi konrad krishna
    krzysztof
    kunal kurt kwame kyle lamar lance larry lars laurent lawrence lazlo leif leo leon leonard leonardo leopold
    leroy lester levi lewis liam lionel lloyd logan lorenzo lou louis luca lucas luciano luigi luis luka lukas
    lukasz luke luther maciej magnus mahmoud malcolm malik manfred manuel marc marcel marcelo marcin marco
    marcos
    marcus marek mario marius mark marko marshall martin marvin mason massimo mateo mateusz mathias mats matt
    matteo matthew matthias maurice mauricio max maxim maximilian mehdi mehmet melvin michael michal micheal
    miguel
    mihai mike mikhail miles milo milos mitch mitchell mohamed mohammad mohammed moises morris moritz moses
    muhammad murray mustafa nabil nasser nate nathan nathaniel ned neil nelson nicholas nick nicolas nicolo
    nigel
    niklas nikola nikolai nikos nils noah noel nolan norbert norman oleg oliver olivier olaf omar oscar osman
    otis otto owen pablo paddy padraig paolo pascal patrick patryk paul paulo pavel pawel pedro pekka per
    perry
    pete peter phil philip philipp philippe phillip pierre pietro piotr prakash preston quentin rafael rafal
    raj
    rajesh rajiv ralph ramesh ramon randall randy raphael rashid raul ravi ray raymond reginald reggie reza
    rhys
    ricardo richard rick ricky rico rob robbie robert roberto rodney rodrigo roger rohan rohit roland rolf
    roman
    romeo ron ronald ronnie rory ross roy ruben rudolf rudy rupert russ russell ryan salim salvador samir
    samuel
    sandro sandeep sanjay santiago sasha scott sean sebastian seamus serge sergei sergio seth shane shaun
    shawn
    sheldon sid sidney silas silvio simon sipho slawomir solomon soren spencer stan stanley stavros stefan
    stefano stephen sterling steve steven stewart stuart sunil suresh sven takashi takeshi tariq ted teddy
    terence
    terrence terry thabo thaddeus theo theodore thiago thomas thorsten tim timmy timothy tobias toby todd
    tom tomas
    tomasz tommy toni tony toshiro travis trevor tristan tucker tyler tyrone uwe vadim valentin vasily vernon
    victor vijay viktor vikram vince vincent vinny vito vlad vladimir wade walt walter warren wayne wei-jie
    wendell werner wesley wilbur wilfred wilhelm will willem william willie winston wojtek wolfgang wyatt
    xavier
    yaroslav yasin yosef youssef yuri yusuf yves zach zachary zack zane ziad"""
_WOMEN: Final = """
    abby abigail ada adele adelaide adriana agatha agnes agnieszka aicha aida aiko aileen aimee aisha aisling
    alana alejandra aleksandra alessandra alessia alexandra alexandria alexis alice alicia alina aline alisa
    alison allison alma althea alyssa amal amanda amara amber amelia amelie amina amira amrita amy ana anabel
    anais anastasia andrea aneta angela angelica angelina angie anika anita anja anjali ann anna annabelle
    anne
    annette annie antonia anya aoife april ariana ariel arlene astrid audrey aurora ava ayesha aylin bailey
    barb
    barbara beata beatrice beatriz becca becky belinda bella bernadette bertha beth bethany betsy betty
    beverly
    bianca birgit blanca bonnie brandi brenda briana brianna bridget brigitte britney brittany brooke caitlin
    camila camilla camille candace candice cara carina carla carlotta carly carmen carol carole carolina
    caroline
    carolyn carrie cassandra cassie catarina caterina catherine cathy cecilia celeste celia celine chantal
    charlene charlotte chelsea cherie cheryl chiara chiamaka chloe christa christina christine cindy claire
    clara
    clarissa claudia clementine colette colleen connie constance consuelo cora coraline corinne courtney
    cristina
    crystal cynthia dagmar daisy dana danica daniela danielle daphne darla darlene dawn deanna debbie deborah
    debra deirdre delia denise desiree diana diane dina divya dolores dominika donna dora doreen doris dorota
    dorothea dorothy dulce ebony edie edith edna eileen elaine eleanor elena eleni elisa elisabeth elise eliza
    elizabeth ella ellen ellie eloise elsa elsie elvira emilia emily emma erica erika erin esme esmeralda
    esperanza estelle esther ethel eugenia eunice eva evelyn ewa faith fatima fatma fatou felicia felicity
    fernanda
    fiona flora florence fran frances francesca francine franziska freda freya frida gabriela gabriella
    gabrielle
    gail gemma genevieve georgia georgina geraldine gertrude gianna gillian gina ginny giovanna gisela gita
    giulia
    gladys glenda gloria grace graciela greta gretchen guadalupe gwen gwendolyn hadiya hailey hana hanna
    hannah
    harriet haruka hatice hayley hazel heather hedwig heidi heike helen helena helene helga henrietta hilary
    hilda
    hina holly hyacinth ida iman imani imogen ines inga ingrid irena irene irina iris irma isabel isabella
    isabelle
    ivana ivy izabela jacinta jackie jacqueline jada jadwiga jana jane janelle janet janice janine jasmin
    jasmine
    jean jeanette jeanne jen jenna jennie jennifer jenny jess jessica jill jillian joan joana joann joanna
    joanne
    jocelyn jodie johanna jolene josefina josephine josie joy joyce juana juanita judith judy julia juliana
    julie
    juliet juliette june justyna kaitlyn kamala kamila kara karen kari karin karina karla karolina kasia kate
    katarina katarzyna katerina katharina katherine kathleen kathryn kathy katia katie katja katrina katya
    kavita
    kavya kay kayla keiko keisha kelsey kerstin khadija kiara kim kimberly kinga kirsten kirsty kristen
    kristin
    kristina krystyna lacey lakshmi lana lara larissa latoya laura laurel lauren laurie lavinia layla lea leah
    leila lena leona leonie leticia libby lidia lila lilian liliana lilith lillian lilly lily lina linda
    lindsay
    lindsey linh lisa liv livia liz liza lizzie lois lola lora loretta lori lorraine lottie louise lourdes
    luana
    lucia luciana lucille lucinda lucy luisa luna lupe lydia lyn lynda lynette lynn mabel mackenzie maddie
    madeleine madeline madison maeve magda magdalena maggie magnolia maisie malgorzata mandy manuela mara
    marcela
    marcella marcia margaret margarita margaux margherita margie margo margot maria mariam mariana marianne
    marie
    mariella marilyn marina marisol marissa marjorie marlene marta martha martina mary maryam matilda maud
    maura
    maureen mavis maxine maya meera megan mei melanie melinda melissa melody mercedes meredith mia michaela
    michelle mika mila milena mildred millie mimi mina minerva ming-na miranda mireille miriam miya moira
    molly
    mona monica monika monique morag muriel myra myrtle nadia nadine nan nancy naomi natalia natalie natasha
    nayeli neha nell nellie ngozi nia niamh nicola nicole nicoletta nika nikita nina noelle noemi nora noreen
    norma nuala octavia odette oksana olena olga olive olivia oluchi opal ophelia orla paige paloma pam pamela
    paola parvati patrice patricia patty paula paulina pauline pearl peggy penelope penny petra petunia phoebe
    phyllis pilar pippa polina polly pooja poppy precious prisca priscilla priya prudence rachel rachael
    rania rani
    raquel rebecca regina renata renee rhoda rhonda rita roberta robyn rocio romy rosa rosalie rosalind
    rosalyn
    rosanna rose roseanne rosemary rosie rowena roxanne ruth sabine sabrina sadie sakura sally samantha sana
    sandra sara sarah saoirse savannah scarlett selena selma serena shannon sharon sheena sheila shelley
    sherry
    shirin shirley shreya sibyl sienna sierra silvia simone sinead siobhan sita sofia sofie sonia sonja sophia
    sophie stacey stacy stella steph stephanie sue suki summer sunita susan susana susanna susie suzanne
    svetlana
    sybil sylvia sylvie tabitha tamara tamika tammy tania tanya tara tasha tatiana teresa tess tessa thandi
    thea
    thelma theresa therese tiffany tina tonya tracey tracy trina trisha trudy uma ursula ute valentina valerie
    vanessa vera verena veronica veronika vicki vicky victoria vilma viola violet virginia viviana vivian
    vivienne wanda wendy wilhelmina willow wilma winifred xiomara yara yasmin yasmina yelena yesenia yolanda
    yuki yulia yumi yvette yvonne zainab zara zeynep zoe zofia zuzanna"""
_EITHER: Final = """
    alex ali ariel ash ashley aubrey avery billie blair bobbie brook cameron casey charlie chris corey dakota
    dana devon drew eden elliot emery finley frankie gale hayden harper hunter jackie jaime jamie jan jay jess
    jesse jo jodie jordan jules justice kai kelly kendall kerry kiran kit lee leslie logan lou marion max mel
    mickey micky morgan nat nicky noel pat parker peyton phoenix quinn rain reese remy riley robin rowan rory
    sage sam sandy sasha shawn shiloh sidney sky skyler stevie sydney taylor terry toni tracy val wei yuki"""
# Words that begin with a capital letter now and then without naming anybody.
_COMMON: Final = """april august austin bill chad china christian dale dawn daisy dean don drew earl faith
    florence forrest frank gene georgia grace grant guy harry hazel heather holly hope hunter iris ivy jack
    jade
    jasmine jean jersey joy june justice lance lily mark may melody miles olive pat patience pearl penny poppy
    precious ray rain rich rob rose ruby rusty sage sandy sky sterling sue summer trinity violet virginia wade
    will willow"""


@functools.lru_cache(maxsize=1)
def _tables() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    men, women, either = (frozenset(text.split()) for text in (_MEN, _WOMEN, _EITHER))
    unclear = either | (men & women)
    return men - unclear, women - unclear, unclear


def plain(name: str) -> str:
    """Return a name in lower-case Latin letters without accents."""
    if name.isascii():
        return name.lower()
    from anyascii import anyascii

    return anyascii(name).lower()


def sex_of_name(name: str) -> Literal["female", "male"] | None:
    """Return "female" or "male" for a first name; None for names of both sexes and unknown ones."""
    men, women, _ = _tables()
    key = plain(name)
    return "male" if key in men else "female" if key in women else None


def is_first_name(name: str) -> bool:
    """Whether a word is a known first name, of either sex."""
    return any(plain(name) in table for table in _tables())


def is_common_word(name: str) -> bool:
    """Whether a first name is an ordinary word, too, such as "Will" or "May"."""
    return plain(name) in _common()


@functools.lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(_COMMON.split())
